//! Makes a vulnerability database of OSV documents, or prints what one says about every module.
//!
//! ```text
//! vulndb compile FOLDER SOURCE DATE OUT    FOLDER/*.json into the compact form, without prose
//! vulndb print [FILE]                      the facts of a database in the compact form, one affected module a line
//! ```

use gospect::vuln::database::{About, Affected, Builder, Database, Event, Order, Range, parse};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["compile", folder, source, date, out] => {
            let about = About {
                source: (*source).to_owned(),
                date: Some((*date).to_owned()),
            };
            let database = compile(Path::new(folder), &about)?;
            std::fs::write(out, database.as_bytes())?;
            Ok(())
        }
        ["print"] => print(&Database::builtin()?),
        ["print", file] => print(&Database::open(std::fs::read(file)?)?),
        _ => Err("usage: vulndb compile FOLDER SOURCE DATE OUT | vulndb print [FILE]".into()),
    }
}

fn compile(folder: &Path, about: &About) -> Result<Database, Box<dyn Error>> {
    let mut builder = Builder::default();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|e| e == "json") {
            let document = parse(&std::fs::read(&path)?)
                .map_err(|why| format!("{}: {why}", path.display()))?;
            if let Some(document) = document {
                builder.add(document)?;
            }
        }
    }
    Ok(builder.finish(about, false)?)
}

fn print(database: &Database) -> Result<(), Box<dyn Error>> {
    println!("{}", serde_json::to_string(database.about())?);
    for entry in database.entries() {
        let entry = entry?;
        let line = serde_json::json!({
            "id": entry.id()?,
            "aliases": entry.aliases()?,
            "review": format!("{:?}", entry.review),
            "withdrawn": entry.withdrawn,
        });
        println!("{line}");
    }
    for blocks in database.all() {
        for block in blocks? {
            println!("{}", affected(&block)?);
        }
    }
    Ok(())
}

fn affected(block: &Affected<'_>) -> Result<serde_json::Value, Box<dyn Error>> {
    let mut packages = Vec::new();
    for package in &block.packages {
        packages.push(serde_json::json!({
            "path": package.path,
            "goos": package.goos,
            "goarch": package.goarch,
            "symbols": package.symbols()?,
        }));
    }
    Ok(serde_json::json!({
        "entry": block.entry.id()?,
        "module": block.module,
        "ranges": block.ranges.iter().map(range).collect::<Vec<_>>(),
        "custom_ranges": block.custom_ranges.iter().map(range).collect::<Vec<_>>(),
        "versions": block.versions,
        "packages": packages,
    }))
}

fn range(range: &Range<'_>) -> serde_json::Value {
    let events: Vec<serde_json::Value> = (range.events.iter())
        .map(|event| match event {
            Event::Introduced(version) => serde_json::json!({ "introduced": version }),
            Event::Fixed(version) => serde_json::json!({ "fixed": version }),
            Event::LastAffected(version) => serde_json::json!({ "last_affected": version }),
            Event::Limit(version) => serde_json::json!({ "limit": version }),
        })
        .collect();
    let order = match range.order {
        Order::Semver => "SEMVER",
        Order::Other => "ECOSYSTEM",
    };
    serde_json::json!({ "type": order, "events": events })
}
