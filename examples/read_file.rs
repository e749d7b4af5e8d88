//! Reads one file with the smallest feature set: `cargo run --example read_file --no-default-features -- ./app`

use gospect::exe::OpenError;
use gospect::go::{Options, inspect};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: read_file FILE")?;
    let bytes = std::fs::read(&path)?;
    let inspection = match inspect(&bytes, &Options::default()) {
        Ok(inspection) => inspection,
        Err(OpenError::NotExecutable) => {
            println!("no executable");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    if inspection.found.is_empty() {
        println!("no Go program");
    }
    for found in inspection.found {
        let binary = found.record;
        println!("go        {}", binary.go_version.unwrap_or_default());
        println!("package   {}", binary.main_package.unwrap_or_default());
        for module in binary.build_info.iter().flat_map(|info| &info.deps) {
            println!("module    {} {}", module.path, module.version);
        }
        // The claims of the record, and what the rest of the file says about them.
        for claim in binary.corroboration.into_iter().flatten() {
            println!("evidence  {}: {:?}", claim.claim, claim.verdict);
        }
    }
    Ok(())
}
