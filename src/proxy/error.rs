//! Why a module or a checksum could not be fetched.

/// Each text is one line and contains no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// GOPROXY is not set.
    #[error(
        "GOPROXY is not set, and there is no `go` command to ask for its default; set GOPROXY to a module proxy"
    )]
    NoProxy,
    /// `GOPROXY=off`.
    #[error("GOPROXY=off forbids to fetch modules")]
    Off,
    /// Only the repository of the module can be asked.
    #[error(
        "{module} would be fetched from its repository ({why}), which gospect does not do; set GOPROXY to a module proxy"
    )]
    Direct {
        /// The module.
        module: String,
        /// The setting that requires it.
        why: &'static str,
    },
    /// A setting has a malformed value.
    #[error("{name}: {why}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// What is wrong with it.
        why: SettingError,
    },
    /// No proxy has it.
    #[error("{0}: no module proxy has it")]
    NotFound(String),
    /// Only files on this machine may be used, and this one is missing.
    #[error("{0} is not in the module cache")]
    NotKept(String),
    /// A proxy, a server or a file failed.
    #[error("{0}")]
    Failed(String),
    /// An answer contradicts the checksum database, or the database contradicts itself. Never ignored.
    #[error("SECURITY: {0}")]
    Security(String),
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// An address without a scheme.
    #[error("an address without https://")]
    NoScheme,
    /// An address with a scheme that the `go` command does not support.
    #[error("an address that is neither https, http nor file")]
    Scheme,
    /// An address with a query or a fragment.
    #[error("an address with a query")]
    Query,
    /// An address without a host.
    #[error("an address without a host")]
    NoHost,
    /// No client can be made for the address.
    #[error("{0}")]
    Client(String),
    /// An empty value.
    #[error("is empty")]
    Empty,
    /// A list of separators only.
    #[error("it is set, and names nothing")]
    NamesNothing,
    /// More words than a key and an address.
    #[error("has more than a key and an address")]
    TooManyWords,
    /// A name of a checksum database that cannot be a host.
    #[error("{0:?} is not a host")]
    NotAHost(String),
    /// A verifier key that is not of the form `NAME+HASH+KEY`.
    #[error("{0:?} is not a key of a checksum database")]
    Key(String),
    /// A name of a checksum database whose key is not built in.
    #[error("{0:?} is neither a key of a checksum database nor the name of one whose key is known")]
    UnknownName(String),
    /// A verifier key whose hash is that of another key.
    #[error("{0:?}: the hash of the key does not match")]
    KeyHash(String),
}

impl ProxyError {
    /// Whether the `go` command asks the next proxy after this error: the file does not exist.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }
}
