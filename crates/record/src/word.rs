//! Words of closed sets that also keep words of newer versions.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;

/// A closed set of words, declared with `words!`.
pub trait Words: Copy + Eq + fmt::Debug + 'static {
    /// All words of the set.
    const ALL: &'static [Self];

    /// The word as written in records.
    fn as_str(self) -> &'static str;
}

/// A word of a set, or one that this version does not know, so that records of newer versions pass through unchanged.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Word<T> {
    /// A word of the set.
    Known(T),
    /// A word that this version does not know.
    Other(Box<str>),
}

impl<T: Words> Word<T> {
    /// The word as written in records.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(word) => word.as_str(),
            Self::Other(word) => word,
        }
    }

    /// The word of the set; `None` for a word of a newer version.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(word) => Some(*word),
            Self::Other(_) => None,
        }
    }
}

impl<T> Default for Word<T> {
    fn default() -> Self {
        Self::Other(Box::default())
    }
}

impl<T: Words> From<T> for Word<T> {
    fn from(word: T) -> Self {
        Self::Known(word)
    }
}

impl<T: Words> From<&str> for Word<T> {
    fn from(text: &str) -> Self {
        let known = T::ALL.iter().find(|word| word.as_str() == text);
        known.map_or_else(|| Self::Other(text.into()), |word| Self::Known(*word))
    }
}

impl<T: Words> PartialEq<T> for Word<T> {
    fn eq(&self, word: &T) -> bool {
        self.known() == Some(*word)
    }
}

impl<T: Words> Deref for Word<T> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<T: Words> Ord for Word<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl<T: Words> PartialOrd for Word<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Words> fmt::Display for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<T: Words> fmt::Debug for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<T: Words> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de, T: Words> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::from(&*Cow::<'de, str>::deserialize(from)?))
    }
}

/// Declares closed sets of words: an enum for each set, a row for each word.
macro_rules! words {
    ($($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All words of the set.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as written in records.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::Words for $name {
            const ALL: &'static [Self] = $name::ALL;

            fn as_str(self) -> &'static str {
                $name::as_str(self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($name::as_str(*self))
            }
        }
    )+};
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Reason, Verdict};

    #[test]
    fn words_of_newer_versions_are_kept() {
        for text in ["\"elf\"", "\"a.out\"", "\"\"", "\"\\u0000\\\"\""] {
            let word: Word<Format> = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&word).unwrap(), text);
        }
        assert_eq!(Word::from("macho"), Format::MachO);
        assert_eq!(Word::<Format>::from("a.out").known(), None);
        let mut words = [
            Reason::Limit.into(),
            Word::<Reason>::from("m"),
            Word::from("a"),
        ];
        words.sort();
        assert_eq!(words.map(|w| w.to_string()), ["a", "limit", "m"]);
        assert!(serde_json::from_str::<Word<Verdict>>("1").is_err());
        assert_eq!(
            format!(
                "{:>6}|{:?}",
                Word::from(Format::Elf),
                Word::from(Format::Pe)
            ),
            "   elf|\"pe\""
        );
    }
}
