//! Severity and exploitation, from lists of the user: the Go vulnerability database has neither.
//!
//! | list | form |
//! |---|---|
//! | KEV | `known_exploited_vulnerabilities.json` of CISA (`vulnerabilities`, each with `cveID`), or its CSV with the column `cveID` |
//! | EPSS | the daily CSV of FIRST: lines of `#`, then the columns `cve` and `epss`; as it is or gzipped |
//! | CVSS | a CSV with the columns `cve` and `cvss`, or an answer of NVD's API 2.0 (`vulnerabilities`, each with `cve.metrics`) |

use super::expand::{ExpandError, expanded};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;
use std::fmt;

/// Longest list, expanded: the EPSS of all CVEs has 10 MB.
pub const LARGEST: u64 = 256 << 20;
/// Most IDs of all lists.
const ENTRIES: usize = 5_000_000;

/// A score, stored as a whole number of parts of 1/`PARTS`, so that scores can be compared exactly; a plain number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score<const PARTS: u32>(u32);

impl<const PARTS: u32> Score<PARTS> {
    /// The score nearest to a number; `None`: it is not between 0 and `max`.
    pub fn new(number: f64, max: u32) -> Option<Self> {
        let fits = (0.0..=f64::from(max)).contains(&number);
        fits.then(|| Self((number * f64::from(PARTS)).round() as u32))
    }

    /// The number.
    pub fn number(self) -> f64 {
        f64::from(self.0) / f64::from(PARTS)
    }
}

impl<const PARTS: u32> Serialize for Score<PARTS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.number())
    }
}

impl<'de, const PARTS: u32> Deserialize<'de> for Score<PARTS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Self::new(number, CVSS_MAX).ok_or_else(|| serde::de::Error::custom("is not a score"))
    }
}

/// Highest base score of CVSS, and highest probability.
const CVSS_MAX: u32 = 10;
const EPSS_MAX: u32 = 1;

/// A base score of CVSS, 0 to 10, in tenths.
pub type Cvss = Score<10>;
impl Cvss {
    /// The rating of a score (CVSS 3.1, section 5, "Qualitative Severity Rating Scale").
    pub fn rating(self) -> &'static str {
        match self.0 {
            0 => "none",
            1..40 => "low",
            40..70 => "medium",
            70..90 => "high",
            _ => "critical",
        }
    }
}

/// A probability of EPSS, 0 to 1, in hundred thousandths.
pub type Epss = Score<100_000>;

/// The severity of one vulnerability in all lists. Ordered: exploited ones are the greatest, then by CVSS and EPSS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Severity {
    /// In a list of vulnerabilities that are exploited.
    pub exploited: bool,
    /// Base score, 0 to 10; the highest of all lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss: Option<Cvss>,
    /// Probability of exploitation in the next 30 days, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
}

impl Severity {
    fn add(&mut self, other: Self) {
        self.cvss = self.cvss.max(other.cvss);
        self.epss = self.epss.max(other.epss);
        self.exploited |= other.exploited;
    }
}

impl fmt::Display for Severity {
    /// `exploited, CVSS 7.5, EPSS 65.4 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.exploited {
            parts.push("exploited".to_owned());
        }
        if let Some(cvss) = self.cvss {
            parts.push(format!("CVSS {:.1}", cvss.number()));
        }
        if let Some(epss) = self.epss {
            parts.push(format!("EPSS {:.1} %", epss.number() * 100.0));
        }
        f.write_str(&parts.join(", "))
    }
}

/// A condition on a severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `exploited`.
    Exploited,
    /// `cvss=7`: this base score or a higher one.
    Cvss(Cvss),
    /// `epss=0.1`: this probability or a higher one.
    Epss(Epss),
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`NotACondition`], with the forms of conditions.
    pub fn parse(text: &str) -> Result<Self, NotACondition> {
        let condition = match text.split_once('=') {
            None if text == "exploited" => Some(Self::Exploited),
            Some(("cvss", number)) => {
                let number = number.parse().ok();
                number.and_then(|n| Cvss::new(n, CVSS_MAX)).map(Self::Cvss)
            }
            Some(("epss", number)) => {
                let number = number.parse().ok();
                number.and_then(|n| Epss::new(n, EPSS_MAX)).map(Self::Epss)
            }
            _ => None,
        };
        condition.ok_or(NotACondition)
    }

    /// The lists that can tell whether it holds.
    pub fn lists(self) -> &'static str {
        match self {
            Self::Exploited => "of KEV",
            Self::Cvss(_) => "with scores of CVSS",
            Self::Epss(_) => "of EPSS",
        }
    }

    /// Whether a severity meets the condition; an unknown severity does not.
    pub fn holds(self, severity: Option<Severity>) -> bool {
        severity.is_some_and(|severity| match self {
            Self::Exploited => severity.exploited,
            Self::Cvss(least) => severity.cvss >= Some(least),
            Self::Epss(least) => severity.epss >= Some(least),
        })
    }
}

impl fmt::Display for Condition {
    /// As [`Condition::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exploited => f.write_str("exploited"),
            Self::Cvss(least) => write!(f, "cvss={}", least.number()),
            Self::Epss(least) => write!(f, "epss={}", least.number()),
        }
    }
}

/// A text that is not a [`Condition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("needs exploited, cvss=0..10 or epss=0..1")]
pub struct NotACondition;

/// What is wrong with a list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It cannot be decompressed, or is too large.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// It is not text.
    #[error("is not UTF-8")]
    NotUtf8,
    /// It is not JSON, or does not have the form of KEV or NVD.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// An item without an ID in a known place.
    #[error("an item with neither `cveID` nor `cve`")]
    Item,
    /// It has no bytes.
    #[error("is empty")]
    Empty,
    /// It has no items.
    #[error("lists nothing")]
    NoItems,
    /// All lists together have too many IDs.
    #[error("more than {ENTRIES} IDs")]
    TooManyIds,
    /// A table without a column of IDs.
    #[error("a table without a column `cve`")]
    NoIdColumn,
    /// A table without a column of scores.
    #[error("a table without a column `cvss` or `epss`, which is not a KEV list either")]
    NoScoreColumn,
    /// A score that is not a number.
    #[error("{text:?} of {id:?} is not a score")]
    NoScore {
        /// What is there instead.
        text: String,
        /// The vulnerability.
        id: String,
    },
    /// A score that is out of its range.
    #[error("a score of {score}, where {most} is the highest")]
    Score {
        /// The score.
        score: f64,
        /// The highest score.
        most: u32,
    },
}

/// All lists together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Severities {
    /// By ID, in capital letters: lists differ in case.
    by_id: HashMap<Box<str>, Severity>,
    /// The greatest of each kind.
    greatest: Severity,
}

#[derive(Deserialize)]
struct Listed {
    vulnerabilities: Vec<Item>,
}

/// An item of KEV or of NVD.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "cveID")]
    exploited: Option<String>,
    cve: Option<Nvd>,
}

#[derive(Deserialize)]
struct Nvd {
    id: String,
    #[serde(default)]
    metrics: HashMap<String, serde_json::Value>,
}

impl Severities {
    /// The severity of a vulnerability with any of these IDs; `None`: no list has it.
    pub fn of<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Option<Severity> {
        let mut severity: Option<Severity> = None;
        let listed = ids.into_iter();
        let listed = listed.filter_map(|id| self.by_id.get(id.to_ascii_uppercase().as_str()));
        for listed in listed {
            severity.get_or_insert_default().add(*listed);
        }
        severity
    }

    /// Number of IDs.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether a list that was read has what the condition asks for.
    pub fn can_answer(&self, condition: Condition) -> bool {
        match condition {
            Condition::Exploited => self.greatest.exploited,
            Condition::Cvss(_) => self.greatest.cvss.is_some(),
            Condition::Epss(_) => self.greatest.epss.is_some(),
        }
    }

    /// Whether no list was read, or all were empty.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Reads one list.
    ///
    /// # Errors
    /// [`ListError`] says what is wrong with it; then none of it is used.
    pub fn read(&mut self, bytes: &[u8]) -> Result<(), ListError> {
        self.read_up_to(bytes, ENTRIES)
    }

    fn read_up_to(&mut self, bytes: &[u8], most: usize) -> Result<(), ListError> {
        let bytes = expanded(bytes, LARGEST)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| ListError::NotUtf8)?;
        let text = text.trim_start_matches('\u{feff}');
        let list = match text.trim_start().starts_with('{') {
            true => json(text)?,
            false => csv(text)?,
        };
        if list.is_empty() {
            return Err(ListError::NoItems);
        }
        if self.by_id.len() + list.len() > most {
            return Err(ListError::TooManyIds);
        }
        for (id, severity) in list {
            self.greatest.add(severity);
            let id = id.to_ascii_uppercase().into();
            self.by_id.entry(id).or_default().add(severity);
        }
        Ok(())
    }
}

type List = Vec<(String, Severity)>;

fn json(text: &str) -> Result<List, ListError> {
    let listed: Listed = serde_json::from_str(text)?;
    let mut list = Vec::new();
    for item in listed.vulnerabilities {
        match (item.exploited, item.cve) {
            (Some(id), _) => list.push((
                id,
                Severity {
                    exploited: true,
                    ..Severity::default()
                },
            )),
            (None, Some(nvd)) => {
                let scores = nvd.metrics.values().flat_map(|v| v.as_array());
                let scores = scores
                    .flatten()
                    .filter_map(|m| m.pointer("/cvssData/baseScore")?.as_f64());
                let scores: Result<Vec<Cvss>, ListError> =
                    scores.map(|score| score_of(score, CVSS_MAX)).collect();
                let cvss = scores?.into_iter().max();
                list.push((
                    nvd.id,
                    Severity {
                        cvss,
                        ..Severity::default()
                    },
                ));
            }
            (None, None) => return Err(ListError::Item),
        }
    }
    Ok(list)
}

fn score_of<const PARTS: u32>(score: f64, max: u32) -> Result<Score<PARTS>, ListError> {
    Score::new(score, max).ok_or(ListError::Score { score, most: max })
}

fn csv(text: &str) -> Result<List, ListError> {
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let head = lines.next().ok_or(ListError::Empty)?;
    let names: Vec<String> = fields(head)
        .iter()
        .map(|n| n.trim().to_ascii_lowercase())
        .collect();
    let column = |wanted: &[&str]| {
        names
            .iter()
            .position(|name| wanted.contains(&name.as_str()))
    };
    let id = column(&["cve", "cveid", "id"]);
    let id = id.ok_or(ListError::NoIdColumn)?;
    let (cvss, epss) = (column(&["cvss"]), column(&["epss"]));
    let is_kev = names.get(id).is_some_and(|name| name == "cveid");
    if cvss.is_none() && epss.is_none() && !is_kev {
        return Err(ListError::NoScoreColumn);
    }
    let mut list = Vec::new();
    for line in lines {
        // Texts of KEV may have several lines; the further lines begin with no ID.
        let fields = fields(line);
        let Some(id) = fields.get(id).map(|id| id.trim()) else {
            continue;
        };
        let begins = id.get(..4).unwrap_or_default();
        if is_kev && !begins.eq_ignore_ascii_case("CVE-") {
            continue;
        }
        let score = |column: Option<usize>| -> Result<Option<f64>, ListError> {
            let text = column.and_then(|c| fields.get(c)).map(|t| t.trim());
            let Some(text) = text.filter(|t| !t.is_empty()) else {
                return Ok(None);
            };
            let wrong = |_| ListError::NoScore {
                text: text.to_owned(),
                id: id.to_owned(),
            };
            text.parse().map(Some).map_err(wrong)
        };
        let (cvss, epss) = (score(cvss)?, score(epss)?);
        list.push((
            id.to_owned(),
            Severity {
                cvss: cvss.map(|n| score_of(n, CVSS_MAX)).transpose()?,
                epss: epss.map(|n| score_of(n, EPSS_MAX)).transpose()?,
                exploited: is_kev,
            },
        ));
    }
    Ok(list)
}

/// The fields of a line, with quotes resolved (RFC 4180); a field that goes on in the next line ends with this one.
fn fields(line: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const KEV: &str = r#"{"title":"CISA","count":1,"vulnerabilities":[{"cveID":"CVE-2023-44487","vendorProject":"IETF"}]}"#;
    const EPSS: &str = "#model_version:v2025.03.14,score_date:2026-11-29T12:55:00Z\ncve,epss,percentile\nCVE-2023-44487,0.94431,0.99984\nCVE-2023-45288,0.65410,0.98\n";
    const NVD: &str = r#"{"resultsPerPage":1,"vulnerabilities":[{"cve":{"id":"CVE-2023-45288","metrics":{"cvssMetricV31":[{"cvssData":{"baseScore":7.5}}],"cvssMetricV2":[{"cvssData":{"baseScore":5.0}}]}}},{"cve":{"id":"CVE-2020-1","metrics":{}}}]}"#;

    #[test]
    fn every_list_adds_to_what_is_known() {
        let mut all = Severities::default();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(EPSS.as_bytes()).unwrap();
        for list in [
            KEV.as_bytes(),
            &gzip.finish().unwrap(),
            NVD.as_bytes(),
            b"\xef\xbb\xbfcve,cvss\nCVE-2023-44487,5.3\nGO-2024-1,9.8\n",
        ] {
            all.read(list).unwrap();
        }
        let reset = all.of(["GO-2023-2102", "CVE-2023-44487"]).unwrap();
        assert_eq!(reset.to_string(), "exploited, CVSS 5.3, EPSS 94.4 %");
        let flood = all.of(["CVE-2023-45288"]).unwrap();
        assert_eq!(flood.to_string(), "CVSS 7.5, EPSS 65.4 %");
        assert!(reset > flood);
        assert_eq!(
            serde_json::to_string(&flood).unwrap(),
            r#"{"exploited":false,"cvss":7.5,"epss":0.6541}"#
        );
        assert_eq!(all.of(["GO-2024-1"]).unwrap().to_string(), "CVSS 9.8");
        for (condition, holds) in [
            ("exploited", [true, false]),
            ("cvss=7.5", [false, true]),
            ("cvss=7.6", [false, false]),
            ("epss=0.6541", [true, true]),
            ("epss=0.7", [true, false]),
        ] {
            let condition = Condition::parse(condition).unwrap();
            let found = [reset, flood].map(|severity| condition.holds(Some(severity)));
            assert_eq!(found, holds, "{condition:?}");
            assert!(!condition.holds(None));
        }
        let ratings = [0.0, 0.1, 3.9, 4.0, 6.9, 7.0, 8.9, 9.0, 10.0];
        let ratings = ratings.map(|score| Cvss::new(score, CVSS_MAX).unwrap().rating());
        assert_eq!(
            ratings,
            [
                "none", "low", "low", "medium", "medium", "high", "high", "critical", "critical"
            ]
        );
        for bad in ["", "cvss", "cvss=11", "cvss=x", "epss=2", "kev", "epss=NaN"] {
            assert!(Condition::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(all.of(["GO-2024-2", "CVE-1-1"]), None);
        let mut kev = Severities::default();
        kev.read(b"cveID,vendorProject,shortDescription\r\nCVE-2023-44487,IETF,\"a \"\"reset\"\",\r\nagain\"\r\nCVE-2024-1,x,y\r\n").unwrap();
        assert_eq!(kev.len(), 2);
        assert!(kev.of(["CVE-2024-1"]).unwrap().exploited);
    }

    #[test]
    fn lists_answer_only_what_they_have_and_ids_have_any_case() {
        let conditions = ["exploited", "cvss=7", "epss=0.25"];
        let conditions = conditions.map(|text| {
            let condition = Condition::parse(text).unwrap();
            assert_eq!(condition.to_string(), text);
            condition
        });
        for (list, answers) in [
            (KEV, [true, false, false]),
            (NVD, [false, true, false]),
            (EPSS, [false, false, true]),
            ("cve,cvss,epss\ncve-2023-45288,7.5,\n", [false, true, false]),
            ("cveID,x\ncve-2023-45288,\n", [true, false, false]),
        ] {
            let mut all = Severities::default();
            all.read(list.as_bytes()).unwrap();
            assert_eq!(conditions.map(|c| all.can_answer(c)), answers, "{list}");
            let ids = ["CVE-2023-45288", "cve-2023-44487"];
            assert!(all.of(ids).is_some(), "{list}");
        }
    }

    #[test]
    fn lists_of_too_many_ids_are_refused_whole() {
        let mut severities = Severities::default();
        severities.read_up_to(EPSS.as_bytes(), 2).unwrap();
        let one_more = "cve,epss\nCVE-2020-1,0.5\n".as_bytes();
        let refused = severities.read_up_to(one_more, 2).unwrap_err();
        assert_eq!(refused.to_string(), "more than 5000000 IDs");
        assert_eq!(severities.len(), 2);
        severities.read_up_to(one_more, 3).unwrap();
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (list, why) in [
            (&b""[..], "is empty"),
            (b"{", "EOF"),
            (b"{}", "vulnerabilities"),
            (br#"{"vulnerabilities":[]}"#, "lists nothing"),
            (br#"{"vulnerabilities":[{}]}"#, "neither"),
            (b"a,b\n1,2\n", "without a column `cve`"),
            (b"cve,b\n1,2\n", "without a column `cvss`"),
            (b"cve,cvss\nCVE-1,high\n", "is not a score"),
            (b"cve,cvss\nCVE-1,11\n", "10 is the highest"),
            (b"cve,epss\nCVE-1,NaN\n", "1 is the highest"),
            (b"cve,epss\nCVE-1,-1\n", "1 is the highest"),
            (b"cve,epss\n", "lists nothing"),
            (b"\xff\xfe", "UTF-8"),
            (b"\x1f\x8b\x08", ""),
        ] {
            let mut all = Severities::default();
            let error = all.read(list).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(all.is_empty());
        }
    }
}
