//! `gospect init`.

use super::args::InitArgs;
use super::error::Error;
use super::exit::Exit;
use super::output::print;
use crate::audit::policy::{FILE_NAME, TEMPLATE};
use crate::report::style::clean;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

pub fn run(args: &InitArgs) -> Result<Exit, Error> {
    let path = args.output.to_string_lossy();
    let path = clean(&path);
    if args.output.as_os_str() == "-" {
        print(TEMPLATE.as_bytes())?;
        return Ok(Exit::Fine);
    }
    let mut options = OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let written = options
        .open(&args.output)
        .and_then(|mut file| file.write_all(TEMPLATE.as_bytes()));
    match written {
        Ok(()) => {
            let chosen = match args.output.to_str() {
                Some(FILE_NAME) => String::new(),
                _ => format!(" --policy {path}"),
            };
            say!("gospect: wrote {path}; try: gospect audit{chosen} DIR");
            Ok(Exit::Fine)
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(Error::Exists {
            path: path.into_owned(),
        }),
        Err(e) => Err(Error::write(path)(e)),
    }
}
