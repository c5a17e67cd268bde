//! The time of day and its zone. Read at the rim only; `core` is told both.

use jiff::tz::TimeZone;
use support_shared::Timestamp;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// The zone of this machine, or the one that `TZ` names. Looking a zone up by its name reads all the
/// names that there are, which takes longer than the rest of a start; the machine's own is a file.
pub(crate) fn zone() -> TimeZone {
    let named = std::env::var_os("TZ").is_some();
    let file = if named { None } else { std::fs::read("/etc/localtime").ok() };
    let own = file.and_then(|bytes| TimeZone::tzif("local", &bytes).ok());
    own.unwrap_or_else(TimeZone::system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_shows_the_times_that_the_system_shows() {
        let (ours, systems) = (zone(), TimeZone::system());
        for day in 0..365 {
            let instant = jiff::Timestamp::from_second(1_700_000_000 + day * 86_400).unwrap();
            assert_eq!(ours.to_datetime(instant), systems.to_datetime(instant));
        }
    }
}
