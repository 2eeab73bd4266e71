//! Times as logs, databases and people write them.

use super::*;

use proptest::prelude::*;

/// 2026-11-28T06:16:02Z, by `date -u -d ... +%s`.
const NOON: i64 = 1_795_846_562;

fn utc(text: &str) -> Result<(i64, i64), NoTime> {
    read(text, 0).map(|stamp| (stamp.ns, stamp.resolution))
}

#[test]
fn the_forms_of_logs_and_dumps_are_one_instant_each_as_exact_as_it_is_written() {
    for (text, ns, resolution) in [
        ("28/Nov/2026:06:16:02 +0000", NOON * SECOND, SECOND),
        ("28/Nov/2026:07:16:02 +0100", NOON * SECOND, SECOND),
        ("2026-11-28T06:16:02Z", NOON * SECOND, SECOND),
        ("2026-11-28T06:16:02+00:00", NOON * SECOND, SECOND),
        (
            "2026-11-27T22:16:02.250-08:00",
            NOON * SECOND + 250_000_000,
            1_000_000,
        ),
        (
            "2026-11-28 06:16:02.25",
            NOON * SECOND + 250_000_000,
            10_000_000,
        ),
        (
            "2026-11-28 06:16:02,250",
            NOON * SECOND + 250_000_000,
            1_000_000,
        ),
        (
            "2026-11-28 07:16:02.250123+01",
            NOON * SECOND + 250_123_000,
            1_000,
        ),
        ("2026-11-28 06:16:02 UTC", NOON * SECOND, SECOND),
        ("2026-11-28 06:16:02 GMT", NOON * SECOND, SECOND),
        ("2026-11-28 06:16:02 +0000 UTC", NOON * SECOND, SECOND),
        ("2026-11-28 06:16", (NOON - 2) * SECOND, 60 * SECOND),
        ("2026-11-28", (NOON - 22_562) * SECOND, 86_400 * SECOND),
        ("1795846562", NOON * SECOND, SECOND),
        ("1795846562.250", NOON * SECOND + 250_000_000, 1_000_000),
        ("1795846562250", NOON * SECOND + 250_000_000, 1_000_000),
        ("1795846562250123", NOON * SECOND + 250_123_000, 1_000),
        ("1795846562250123456", NOON * SECOND + 250_123_456, 1),
        (
            "2026-11-28T06:16:02.2501234567Z",
            NOON * SECOND + 250_123_456,
            1,
        ),
    ] {
        assert_eq!(utc(text), Ok((ns, resolution)), "{text}");
    }
}

#[test]
fn an_offset_of_the_command_line_holds_only_for_times_without_one() {
    let berlin = 3600;
    let local = read("2026-11-28 07:16:02", berlin).expect("a time");
    assert_eq!(local.ns, NOON * SECOND);
    let own = read("2026-11-28T06:16:02Z", berlin).expect("a time");
    assert_eq!(own.ns, NOON * SECOND);
    assert_eq!(
        (read_offset("+01:00"), read_offset("-0500")),
        (Ok(3600), Ok(-18_000))
    );
}

#[test]
fn what_is_no_time_is_refused_and_never_taken_for_another() {
    for (text, why) in [
        ("", NoTime::Form),
        ("-", NoTime::Form),
        ("yesterday", NoTime::Form),
        ("28.11.2026 06:16", NoTime::Form),
        ("28/11/2026:06:16:02", NoTime::Form),
        ("20261128", NoTime::Form),
        ("2026-11-28T06:16:02X", NoTime::Form),
        ("2026-11-28T06:16:02.Z", NoTime::Form),
        ("2026-11-28 6:16:02", NoTime::Form),
        ("2026-02-30", NoTime::Calendar),
        ("2027-02-29", NoTime::Calendar),
        ("2026-13-01", NoTime::Calendar),
        ("2026-11-28 24:00:00", NoTime::Calendar),
        ("1969-12-31", NoTime::Range),
        ("2500-01-01", NoTime::Range),
        ("99999999999999999999", NoTime::Form),
    ] {
        assert_eq!(utc(text), Err(why), "{text}");
    }
    assert!(utc("2028-02-29").is_ok(), "a leap day");
}

proptest! {
    #[test]
    fn a_written_time_is_read_again(ns in 0i64..9_000_000_000_000_000_000) {
        let mut text = Vec::new();
        write(ns, 9, &mut text);
        let text = String::from_utf8(text).expect("text");
        prop_assert_eq!(utc(&text), Ok((ns, 1)), "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", offset in -86_400i64..86_400) {
        let _: Result<Stamp, NoTime> = read(&text, offset);
    }

    #[test]
    fn no_number_makes_it_panic(text in "[0-9]{1,4}[-/0-9:T .+Za-v]{0,30}", offset in -86_400i64..86_400) {
        let _: Result<Stamp, NoTime> = read(&text, offset);
    }
}
