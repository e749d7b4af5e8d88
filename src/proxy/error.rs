//! Why a module or a sum could not be had.

/// Each is one line; none holds a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Nobody says which proxy to ask.
    #[error(
        "GOPROXY is not set, and there is no `go` command to ask for its default; set GOPROXY to a module proxy"
    )]
    NoProxy,
    /// `GOPROXY=off`.
    #[error("GOPROXY=off forbids to fetch modules")]
    Off,
    /// Only its repository has it.
    #[error(
        "{module} would be fetched from its repository ({why}), which gospect does not do; set GOPROXY to a module proxy"
    )]
    Direct {
        /// The module.
        module: String,
        /// Which setting says so.
        why: &'static str,
    },
    /// A setting is not what it should be.
    #[error("{name}: {why}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// No proxy has it.
    #[error("{0}: no module proxy has it")]
    NotFound(String),
    /// A proxy, a server or a file failed.
    #[error("{0}")]
    Failed(String),
    /// What was answered contradicts the checksum database, or that contradicts itself. Never to be passed over.
    #[error("SECURITY: {0}")]
    Security(String),
}

impl ProxyError {
    /// What the `go` command takes for "not there": the next proxy may have it.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }
}
