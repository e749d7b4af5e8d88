//! Why no recipe can be derived for a program.

use super::flags::RefusedFlag;

/// Why no recipe can be derived. Each text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRecipe {
    #[error("it does not say which Go release built it")]
    NoRelease,
    #[error(
        "it was built by the development toolchain `{0}`, which nobody offers; build with that toolchain by the steps of --recipe of a released one"
    )]
    Development(String),
    #[error("it was built by {0}, and only programs of the gc compiler can be rebuilt")]
    Compiler(String),
    #[error(
        "it was built from files named on the command line, and the record does not say which; nothing can be done without the build script"
    )]
    CommandLine,
    #[error("it names no main package; it was built in GOPATH mode or without modules")]
    NoPackage,
    #[error(
        "its record names no version of {module} and no commit; name one with --module {module}@VERSION, or a checkout with --source DIR"
    )]
    NoVersion { module: String },
    #[error(
        "its record names no module, only the main package {package}; name the module that it is in, {example}, or a checkout with --source DIR"
    )]
    NoMainModule { package: String, example: String },
    #[error("its record names the main package `{0}`, which is not an import path")]
    BadPath(String),
    #[error("its record has {key}={value}, which is not a value that the go command takes")]
    BadSetting { key: String, value: String },
    #[error(
        "it contains C code (cgo), which only --allow-cgo builds: the C compiler runs with flags that its source chooses"
    )]
    Cgo,
    #[error(
        "{dir}: no go.mod of module {module} in it; name the checkout that the program was built in"
    )]
    NoModule { dir: String, module: String },
    #[error("--module {0}: needs PATH@VERSION, such as example.com/app@v1.2.3")]
    BadModule(String),
    #[error(transparent)]
    RefusedFlag(#[from] RefusedFlag),
}
