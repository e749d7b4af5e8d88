//! The times of statements (RFC 3339), as far as they are compared.

/// Seconds in UTC since the first day of the year 0, and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(i64, u32);

const SECONDS_OF_DAY: i64 = 86_400;

impl Time {
    /// Reads `2026-01-02T03:04:05.6+02:00`, or a date alone; `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (year, rest) = number(text, 4)?;
        let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
        let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
        let midnight = days(year, month, day)? * SECONDS_OF_DAY;
        if rest.is_empty() {
            return Some(Self(midnight, 0));
        }
        let (hour, rest) = number(rest.strip_prefix(['T', 't', ' '])?, 2)?;
        let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
        let (second, rest) = number(rest.strip_prefix(':')?, 2)?;
        let (nanoseconds, zone) = fraction(rest)?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let time = midnight + hour * 3600 + minute * 60 + second;
        Some(Self(time - distance(zone)?, nanoseconds))
    }
}

/// A number of so many digits, and what follows.
fn number(text: &str, digits: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_number)?, rest))
}

/// Nanoseconds of a fraction of a second, and what follows; 0 if there is none.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, zone) = rest.split_at_checked(end)?;
    let nanoseconds: String = digits.chars().chain("000000000".chars()).take(9).collect();
    let nanoseconds = nanoseconds.parse().ok();
    Some((nanoseconds.filter(|_| !digits.is_empty())?, zone))
}

/// Seconds by which a zone is ahead of UTC.
fn distance(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (hours, rest) = number(zone.strip_prefix(['+', '-'])?, 2)?;
    let (minutes, rest) = number(rest.strip_prefix(':')?, 2)?;
    let seconds = hours * 3600 + minutes * 60;
    let is_zone = rest.is_empty() && hours < 24 && minutes < 60;
    is_zone.then_some(if zone.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

/// Days between the first day of the year 0 and a date of the Gregorian calendar; `None`: there is no such date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    let before = BEFORE.get(index)?;
    // The leap day of a year counts for the months behind February.
    let last = if month > 2 { year } else { year - 1 };
    let leap_days = last.div_euclid(4) - last.div_euclid(100) + last.div_euclid(400);
    (1..=31)
        .contains(&day)
        .then_some(year * 365 + leap_days + before + day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_compared_in_one_zone() {
        let ascending = [
            "2023-12-31",
            "2024-02-28T23:59:59Z",
            "2024-02-29T00:00:00Z",
            "2024-03-01T00:00:00+00:00",
            "2026-01-01T10:00:00+05:00",
            "2026-01-01T08:00:00Z",
            "2026-01-01T08:00:00.25Z",
            "2026-01-01t08:00:00.3z",
            "2026-01-01T07:30:00-01:00",
        ];
        let times: Vec<Time> = ascending
            .iter()
            .map(|text| Time::parse(text).unwrap())
            .collect();
        assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
        let same = Time::parse("2026-01-01T05:00:00.000Z");
        assert_eq!(Time::parse("2026-01-01T10:00:00+05:00"), same);
        for text in [
            "",
            "today",
            "2026",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-01-01T",
            "2026-01-01T08:00Z",
            "2026-01-01T08:00:00",
            "2026-01-01T08:00:00.Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T08:00:00+5",
            "2026-01-01T08:00:00+05:00x",
            "2026-01-0\u{e9}T08:00:00Z",
            "+026-01-01",
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }
}
