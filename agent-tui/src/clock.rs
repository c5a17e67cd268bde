//! The time of day. Read at the rim only; `core` is told it.

use support_shared::Timestamp;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}
