//! Calendar days, for support dates and waivers.

use gospect_bytes::calendar;
use std::fmt;

/// A day of the calendar, ISO 8601.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Parses `YYYY-MM-DD`; `None` when there is no such day.
    pub fn parse(text: &str) -> Option<Date> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        if !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return None;
        }
        let date = Date {
            year: year.parse().ok()?,
            month: month.parse().ok()?,
            day: day.parse().ok()?,
        };
        let leap = date.year.is_multiple_of(4)
            && (!date.year.is_multiple_of(100) || date.year.is_multiple_of(400));
        let days = match date.month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            1..=12 => 31,
            _ => return None,
        };
        (1..=days).contains(&date.day).then_some(date)
    }

    /// The day of an instant, in seconds since 1970-01-01 UTC. For callers that read a clock.
    pub fn from_unix(seconds: u64) -> Date {
        let (year, month, day) = calendar::civil(seconds / calendar::DAY);
        Date {
            year: year.min(9999) as u16,
            month,
            day,
        }
    }
}

impl Date {
    /// Days from another day to this one; negative when that is later.
    pub fn days_since(self, other: Date) -> i64 {
        self.number() - other.number()
    }

    /// Days since the first of March of the year 0, which begins the leap cycle.
    fn number(self) -> i64 {
        let (year, month) = match self.month {
            1 | 2 => (i64::from(self.year) - 1, i64::from(self.month) + 9),
            month => (i64::from(self.year), i64::from(month) - 3),
        };
        let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        year * 365 + leaps + (month * 153 + 2) / 5 + i64::from(self.day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_between() {
        let day = |text| Date::parse(text).unwrap();
        for (from, to, days) in [
            ("2026-11-05", "2026-11-30", 25),
            ("2026-11-30", "2026-11-05", -25),
            ("2024-02-28", "2024-03-01", 2),
            ("2025-02-28", "2025-03-01", 1),
            ("2025-12-31", "2026-01-01", 1),
            ("2000-01-01", "2026-01-01", 9497),
        ] {
            assert_eq!(day(to).days_since(day(from)), days, "{from} {to}");
        }
    }

    #[test]
    fn only_days_of_the_calendar_parse() {
        for good in ["2026-11-22", "2024-02-29", "2000-02-29", "0001-01-01"] {
            assert_eq!(Date::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "2025-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-1-01",
            "2026-01-32",
            "+026-01-01",
            "",
            "2026-01-01-01",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_unix_time_falls_on_its_day() {
        assert_eq!(Date::from_unix(0).to_string(), "1970-01-01");
        assert_eq!(Date::from_unix(951_782_400).to_string(), "2000-02-29");
        assert_eq!(Date::from_unix(1_795_392_000).to_string(), "2026-11-23");
        assert_eq!(Date::from_unix(1_795_391_999).to_string(), "2026-11-22");
    }
}
