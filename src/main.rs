use gospect::go;
fn main() {
    for path in std::env::args().skip(1) {
        let f = gospect::bytes::FileBytes::open(std::fs::File::open(&path).unwrap()).unwrap();
        match go::inspect(&f, &go::Options { named: true, ..Default::default() }) {
            Ok(i) => { println!("{path}: {:?} {:?}", i.counts, i.faults); for f in i.found { println!("   {}", serde_json::to_string(&f.binary).unwrap()); } }
            Err(m) => println!("{path}: {}", go::miss_text(m)),
        }
    }
}
