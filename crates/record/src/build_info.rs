//! Build info as the `go` command writes it into a program, and whether it lists the modules.

use super::ModuleList;
use serde::{Deserialize, Serialize};

/// Exactly what `go version -m -json` prints (src/runtime/debug/mod.go, Go 1.25+): empty fields are left out, except `Main`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BuildInfo {
    /// Toolchain version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub go_version: String,
    /// Main package.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Main module.
    pub main: Module,
    /// Dependencies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deps: Vec<Module>,
    /// Build settings in recorded order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
}

impl BuildInfo {
    /// The value of a setting, `None` when it is not recorded.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|s| s.key == key)
            .map(|s| s.value.as_str())
    }
}

/// The settings that name the level of the CPU, one for each architecture (src/internal/buildcfg/cfg.go, Go 1.27).
pub const CPU_LEVELS: [&str; 9] = [
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOMIPS",
    "GOMIPS64",
    "GOPPC64",
    "GORISCV64",
    "GOWASM",
];

/// A module in the build info.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Module {
    /// Module path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Module version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// `h1:` checksum.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sum: String,
    /// Its replacement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<Box<Module>>,
}

/// One build setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Setting {
    /// Such as `CGO_ENABLED`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Unquoted value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

impl ModuleList {
    /// Whether no module of the program is recorded.
    pub fn is_unknown(self) -> bool {
        !matches!(self, Self::Recorded | Self::Empty | Self::Cut)
    }

    /// Why the list is incomplete, as a text for people; `None` when it is complete.
    pub fn why(self) -> Option<&'static str> {
        match self {
            Self::Recorded | Self::Empty => None,
            Self::Cut => Some("the record is damaged"),
            Self::Gopath => Some("built in GOPATH mode"),
            Self::Distribution => Some("a command of the Go distribution"),
            Self::Bazel => Some("built by Bazel without module data"),
            Self::NotRecorded => Some("the record names none"),
            Self::NoRecord => Some("no record"),
        }
    }
}
