//! The time of day and its zone. Read at the rim only; `core` is told both.

use jiff::tz::TimeZone;
use support_shared::Timestamp;
use tokio::time::Instant;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// Waits until a moment, or without one for ever: an arm of a `select!` that may have nothing to
/// wait for.
pub(crate) async fn sleep_or_never(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// The zone of this machine, or the one that `TZ` names. Looking a zone up by its name reads all the
/// names that there are, which takes longer than the rest of a start; the machine's own is a file.
pub(crate) fn zone() -> TimeZone {
    let named = std::env::var_os("TZ").is_some();
    let file = if named { None } else { std::fs::read("/etc/localtime").ok() };
    file.and_then(|bytes| zone_of(&bytes)).unwrap_or_else(TimeZone::system)
}

/// The zone that a file of the system's describes.
fn zone_of(file: &[u8]) -> Option<TimeZone> {
    TimeZone::tzif("local", file).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of a zone with one time and the rules for the other, as systems have them.
    fn central_europe() -> Vec<u8> {
        let part = [
            b"TZif2".as_slice(),
            &[0; 15],
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4],
            &3_600_i32.to_be_bytes(),
            &[0, 0],
            b"CET\0",
        ]
        .concat();
        [part.as_slice(), &part, b"\nCET-1CEST,M3.5.0,M10.5.0/3\n"].concat()
    }

    #[test]
    fn a_zone_has_the_summer_time_that_its_file_says() {
        let zone = zone_of(&central_europe()).unwrap();
        let hour = |instant: &str| {
            let instant: jiff::Timestamp = instant.parse().unwrap();
            zone.to_datetime(instant).hour()
        };

        assert_eq!(hour("2026-01-15T12:00:00Z"), 13);
        assert_eq!(hour("2026-07-15T12:00:00Z"), 14);
        assert_eq!(hour("2026-10-25T00:59:59Z"), 2);
        assert_eq!(hour("2026-10-25T01:00:00Z"), 2, "once more");
        assert!(zone_of(b"nothing of the kind").is_none());
    }

    #[test]
    fn the_zone_shows_the_times_that_the_system_shows() {
        let (ours, systems) = (zone(), TimeZone::system());
        for day in 0..365 {
            let instant = jiff::Timestamp::from_second(1_700_000_000 + day * 86_400).unwrap();
            assert_eq!(ours.to_datetime(instant), systems.to_datetime(instant));
        }
    }
}
