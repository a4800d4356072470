//! Dates and durations in the reader's language.
//!
//! Times are in UTC and say so, beside a duration ("60 minutes") wherever one helps: the server does not know where the
//! reader is, and a language is no time zone (`fr` is read in Paris and in Montréal).

use crate::texts::Texts;
use jiff::Timestamp;
use jiff::tz::Offset;

/// `20 November 2026, 14:05 UTC`
pub(crate) fn date(t: &Texts, at: Timestamp) -> String {
    let at = Offset::UTC.to_datetime(at);
    let month = t.months.split(' ').nth(usize::try_from(at.month() - 1).unwrap_or_default()).unwrap_or_default();
    // French writes the first of a month as 1er.
    let day = if at.day() == 1 { t.first_day.to_owned() } else { at.day().to_string() };
    t.date
        .replace("{day}", &day)
        .replace("{month}", month)
        .replace("{year}", &at.year().to_string())
        .replace("{hour}", &format!("{:02}", at.hour()))
        .replace("{minute}", &format!("{:02}", at.minute()))
}

/// From one moment to another; nothing when it is not later.
pub(crate) fn between(t: &Texts, from: Timestamp, to: Timestamp) -> Option<String> {
    let seconds = u64::try_from(to.as_second() - from.as_second()).ok()?;
    (seconds > 0).then(|| duration(t, seconds))
}

/// `1 hour 30 minutes`: the two largest units; up to 90 minutes in minutes, up to 48 hours in hours.
pub(crate) fn duration(t: &Texts, seconds: u64) -> String {
    let minutes = (seconds + 30) / 60;
    if seconds < 60 {
        return unit(t.second, t.seconds, seconds);
    }
    if minutes <= 90 {
        return unit(t.minute, t.minutes, minutes);
    }
    let (hours, rest) = (minutes / 60, minutes % 60);
    if hours < 48 {
        return two(unit(t.hour, t.hours, hours), t.minute, t.minutes, rest);
    }
    two(unit(t.day, t.days, hours / 24), t.hour, t.hours, hours % 24)
}

fn two(large: String, one: &str, many: &str, rest: u64) -> String {
    if rest == 0 { large } else { format!("{large} {}", unit(one, many, rest)) }
}

/// None of the three languages has more than two forms; nothing lasts 0 here but seconds.
fn unit(one: &str, many: &str, n: u64) -> String {
    if n == 1 { one.to_owned() } else { many.replace("{n}", &n.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::of;

    #[test]
    fn dates_read_as_people_write_them_and_say_utc() {
        let check = |at: &str, expect: [&str; 3]| {
            for (language, expect) in ["en", "fr", "es"].into_iter().zip(expect) {
                assert_eq!(date(of(language), at.parse().unwrap()), expect);
            }
        };
        check(
            "2026-11-20T14:05:59Z",
            [
                "20 November 2026, 14:05 UTC",
                "20 novembre 2026 à 14\u{a0}h\u{a0}05 UTC",
                "20 de noviembre de 2026, 14:05 UTC",
            ],
        );
        check(
            "2027-01-01T00:00:00+02:00",
            [
                "31 December 2026, 22:00 UTC",
                "31 décembre 2026 à 22\u{a0}h\u{a0}00 UTC",
                "31 de diciembre de 2026, 22:00 UTC",
            ],
        );
        check(
            "2026-08-01T07:09:00Z",
            ["1 August 2026, 07:09 UTC", "1er août 2026 à 07\u{a0}h\u{a0}09 UTC", "1 de agosto de 2026, 07:09 UTC"],
        );
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let check = |seconds: u64, expect: [&str; 3]| {
            for (language, expect) in ["en", "fr", "es"].into_iter().zip(expect) {
                assert_eq!(duration(of(language), seconds), expect);
            }
        };
        check(0, ["0 seconds", "0 secondes", "0 segundos"]);
        check(1, ["1 second", "1 seconde", "1 segundo"]);
        check(59, ["59 seconds", "59 secondes", "59 segundos"]);
        check(60, ["1 minute", "1 minute", "1 minuto"]);
        check(3600, ["60 minutes", "60 minutes", "60 minutos"]);
        check(5400, ["90 minutes", "90 minutes", "90 minutos"]);
        check(5460, ["1 hour 31 minutes", "1 heure 31 minutes", "1 hora 31 minutos"]);
        check(86_400, ["24 hours", "24 heures", "24 horas"]);
        check(86_340, ["23 hours 59 minutes", "23 heures 59 minutes", "23 horas 59 minutos"]);
        check(90_060, ["25 hours 1 minute", "25 heures 1 minute", "25 horas 1 minuto"]);
        check(172_800, ["2 days", "2 jours", "2 días"]);
        check(180_000, ["2 days 2 hours", "2 jours 2 heures", "2 días 2 horas"]);
        let (early, late) = ("2026-01-01T00:00:00Z".parse().unwrap(), "2026-01-01T01:00:00Z".parse().unwrap());
        assert_eq!(between(of("en"), early, late).as_deref(), Some("60 minutes"));
        assert_eq!(between(of("en"), late, early), None);
    }
}
