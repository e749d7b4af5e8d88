//! Credentials in recorded texts. Few patterns, each with a form that nothing else has; values are never shown in full.

use gospect_record::Binary;

/// A text in a record, and where it is.
pub struct RecordedText<'a> {
    /// Key of the setting or record.
    pub source: &'a str,
    /// The text.
    pub text: &'a str,
}

/// Passes every text that may hold a credential to `visit`.
pub fn each_text(binary: &Binary, visit: &mut dyn FnMut(RecordedText)) {
    if let Some(build) = &binary.build_info {
        for s in &build.settings {
            if s.key.starts_with('-') || s.key.starts_with("CGO_") {
                visit(RecordedText {
                    source: &s.key,
                    text: &s.value,
                });
            }
        }
        for m in std::iter::once(&build.main).chain(&build.deps) {
            for m in std::iter::once(m).chain(m.replace.as_deref()) {
                if m.path.contains('@') {
                    visit(RecordedText {
                        source: "build_info.Deps",
                        text: &m.path,
                    });
                }
            }
        }
    }
    for s in binary.linker_strings.iter().flatten() {
        visit(RecordedText {
            source: s.name.as_deref().unwrap_or("linker_strings"),
            text: &s.value,
        });
    }
}

/// A credential.
#[derive(Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its kind.
    pub kind: &'static str,
    /// A form that may be shown.
    pub redacted: String,
}

/// A token with a fixed prefix: kind, prefix, fewest and most characters after it, and which characters these may be.
struct TokenForm(&'static str, &'static str, usize, usize, fn(u8) -> bool);

fn alnum(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}
fn word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'-'
}
fn upper(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit()
}

/// Prefixes that the issuers document, so that scanners can find their tokens.
const TOKENS: [TokenForm; 18] = [
    TokenForm("AWS access key", "AKIA", 16, 16, upper),
    TokenForm("AWS temporary access key", "ASIA", 16, 16, upper),
    TokenForm("GitHub token", "ghp_", 36, 255, alnum),
    TokenForm("GitHub token", "gho_", 36, 255, alnum),
    TokenForm("GitHub token", "ghs_", 36, 255, alnum),
    TokenForm("GitHub token", "ghu_", 36, 255, alnum),
    TokenForm("GitHub token", "ghr_", 36, 255, alnum),
    TokenForm("GitHub token", "github_pat_", 60, 255, word),
    TokenForm("GitLab token", "glpat-", 20, 255, word),
    TokenForm("Slack token", "xoxb-", 24, 255, word),
    TokenForm("Slack token", "xoxp-", 24, 255, word),
    TokenForm("Google API key", "AIza", 35, 35, word),
    TokenForm("Stripe live key", "sk_live_", 24, 255, alnum),
    TokenForm("npm token", "npm_", 36, 36, alnum),
    TokenForm("PyPI token", "pypi-AgEIcHlwaS5vcmc", 50, 255, word),
    TokenForm("Hugging Face token", "hf_", 34, 34, alnum),
    TokenForm("DigitalOcean token", "dop_v1_", 64, 64, alnum),
    TokenForm("SendGrid key", "SG.", 60, 255, |b| word(b) || b == b'.'),
];

/// Credentials in a text.
pub fn credentials(text: &str) -> Vec<Credential> {
    let mut hits = Vec::new();
    for TokenForm(kind, prefix, least, most, member) in &TOKENS {
        for (at, _) in text.match_indices(prefix) {
            let bytes = text.as_bytes();
            // A prefix in the middle of a word belongs to something else.
            if at > 0 && bytes.get(at - 1).is_some_and(|b| b.is_ascii_alphanumeric()) {
                continue;
            }
            let body = bytes.get(at + prefix.len()..).unwrap_or_default();
            // Stop after the longest possible token; otherwise a text of repeated prefixes would be read to its end from each
            // of them.
            let members = body.iter().take(most + 1).take_while(|b| member(**b));
            let length = members.count();
            let token = text.get(at..at + prefix.len() + length).unwrap_or_default();
            if (*least..=*most).contains(&length)
                && is_varied(token.get(prefix.len()..).unwrap_or_default())
                && !token.contains("EXAMPLE")
            {
                hits.push(Credential {
                    kind,
                    redacted: format!("{prefix}…"),
                });
                break;
            }
        }
    }
    if let Some(at) = text.find("-----BEGIN ")
        && text
            .get(at..)
            .is_some_and(|t| t.contains("PRIVATE KEY-----"))
    {
        hits.push(Credential {
            kind: "private key",
            redacted: "-----BEGIN … PRIVATE KEY-----".into(),
        });
    }
    if json_web_token(text) {
        hits.push(Credential {
            kind: "JSON web token",
            redacted: "eyJ…".into(),
        });
    }
    if let Some(redacted) = url_password(text) {
        hits.push(Credential {
            kind: "password in a URL",
            redacted,
        });
    }
    hits
}

/// Whether a text is more than a repetition like `ghp_xxxxxxxx`.
fn is_varied(text: &str) -> bool {
    let mut seen = [false; 256];
    text.bytes().for_each(|b| seen[b as usize] = true);
    seen.iter().filter(|s| **s).count() >= 6
}

/// Whether a text is a JSON web token: in `eyJ….eyJ….…`, header and payload are JSON objects in base64url.
fn json_web_token(text: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .any(|w| {
            let mut parts = w.split('.');
            let long = |p: Option<&str>, start: &str, least: usize| {
                p.is_some_and(|p| p.starts_with(start) && p.len() >= least)
            };
            long(parts.next(), "eyJ", 16)
                && long(parts.next(), "eyJ", 16)
                && long(parts.next(), "", 16)
        })
}

/// A `scheme://user:password@host` with a password that is not a placeholder, in a form to show.
fn url_password(text: &str) -> Option<String> {
    text.match_indices("://").find_map(|(at, _)| {
        let start = text
            .get(..at)?
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .map_or(0, |i| i + 1);
        let scheme = text.get(start..at)?;
        let rest = text.get(at + 3..)?;
        let authority = rest
            .split(|c: char| {
                c == '/' || c == '?' || c == '#' || c == '\'' || c == '"' || c.is_whitespace()
            })
            .next()?;
        let (user, host) = authority.rsplit_once('@')?;
        let (name, password) = user.split_once(':')?;
        (!scheme.is_empty() && !host.is_empty() && !is_placeholder(password))
            .then(|| format!("{scheme}://{name}:…@{host}"))
    })
}

/// Words in variable names that mean a secret. They must be whole words of the name.
const SECRET_WORDS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "credential",
    "credentials",
    "privatekey",
    "accesskey",
    "secretkey",
];
/// Words that make such a name harmless.
const HARMLESS: [&str; 20] = [
    "public", "name", "url", "uri", "endpoint", "path", "file", "dir", "type", "prefix", "suffix",
    "length", "size", "ttl", "expiry", "header", "id", "version", "issuer", "store",
];

/// Whether the last part of `package.name` is named like a secret.
pub fn is_secret_name(target: &str) -> bool {
    let name = target.rsplit(['.', '/']).next().unwrap_or(target);
    let words = split_words(name);
    if words.iter().any(|w| HARMLESS.contains(&w.as_str())) {
        return false;
    }
    let pairs = words.windows(2).map(|w| format!("{}{}", w[0], w[1]));
    words
        .iter()
        .cloned()
        .chain(pairs)
        .any(|w| SECRET_WORDS.contains(&w.as_str()))
}

/// The words of `dbPassword`, `DB_PASSWORD` or `APIKey` in lower case.
fn split_words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|p| chars.get(p));
        let after = chars.get(i + 1);
        let starts = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(|b| b.is_uppercase())
                    && after.is_some_and(|a| a.is_lowercase())));
        if matches!(c, '_' | '-' | ' ') {
            words.push(String::new());
            continue;
        }
        if starts {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut() {
            last.extend(c.to_lowercase());
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Whether a value is not a secret: empty, short, an unexpanded variable, or a word for "to be filled in".
pub fn is_placeholder(value: &str) -> bool {
    let v = value.trim();
    let lower = v.to_ascii_lowercase();
    let filler = [
        "changeme",
        "change-me",
        "placeholder",
        "example",
        "dummy",
        "default",
        "redacted",
        "undefined",
        "unknown",
        "disabled",
        "password",
        "secret",
        "insecure",
    ];
    v.len() < 8
        || v.starts_with(['$', '<', '{', '%'])
        || lower.starts_with("xxx")
        || lower.starts_with("***")
        || filler
            .iter()
            .any(|f| lower == *f || lower.contains("example"))
}

/// A form of the value to show: its length only.
pub fn redact(value: &str) -> String {
    format!("({} characters, not shown)", value.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_prefixes_take_linear_time() {
        // Quadratic work on this text would take hours.
        for TokenForm(_, prefix, ..) in &TOKENS {
            let text = prefix.repeat((1 << 20) / prefix.len());
            assert!(credentials(&text).len() <= 1, "{prefix}");
        }
    }

    #[test]
    fn each_known_form_is_found() {
        let body = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v2W3x4Y5z6A7b8C9d0E1f2G3h4";
        for TokenForm(kind, prefix, least, _, member) in &TOKENS {
            let tail: String = body
                .bytes()
                .cycle()
                .map(|b| if member(b) { b } else { b.to_ascii_uppercase() })
                .take(*least)
                .map(char::from)
                .collect();
            let text = format!("-X main.v={prefix}{tail} -s");
            let hits = credentials(&text);
            assert_eq!(hits.len(), 1, "{text}");
            assert_eq!(hits[0].kind, *kind);
            assert!(!hits[0].redacted.contains(&tail));
            assert!(credentials(&format!("x{text}y{prefix}")).len() == 1);
            assert!(
                credentials(&format!("z{prefix}{tail}")).is_empty(),
                "inside a word"
            );
        }
        assert_eq!(credentials("-----BEGIN RSA PRIVATE KEY-----\nMII").len(), 1);
        assert_eq!(
            credentials("x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r")
                .len(),
            1
        );
        assert_eq!(
            credentials("-L https://ci:s3cr3tpass@host/x")[0].redacted,
            "https://ci:…@host"
        );
    }

    #[test]
    fn texts_that_resemble_credentials_are_ignored() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "https://user@host/path",
            "https://user:$PASSWORD@host",
            "https://host:8080/a@b",
            "h1:AKIA",
            "-----BEGIN CERTIFICATE-----",
            "v0.0.0-20260102030405-abcdefabcdef",
        ] {
            assert_eq!(credentials(text), [], "{text}");
        }
    }

    #[test]
    fn names_are_split_into_words() {
        for (name, yes) in [
            ("main.apiKey", true),
            ("main.API_KEY", true),
            ("a/b.DBPassword", true),
            ("main.tokenizer", false),
            ("main.TokenURL", false),
            ("main.clientSecret", true),
            ("main.monkey", false),
            ("main.publicKey", false),
        ] {
            assert_eq!(is_secret_name(name), yes, "{name}");
        }
    }
}
