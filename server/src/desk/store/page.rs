//! Cuts a page of a log to its bytes, the same way on every store that reads by numbers.

use support_shared::message::Message;

use super::{Page, Range, Result, Size, StoreError};

/// Of `found`, what fits: from its end that the range begins at. `more` says that the log goes on
/// beyond it. A page always moves on, by one entry at least.
pub(super) fn within(
    mut found: Vec<Message>,
    range: Range,
    size: Size,
    more: bool,
) -> Result<Page> {
    let backwards = matches!(range, Range::Before(_));
    if backwards {
        found.reverse();
    }
    let mut bytes = 0;
    let mut fits = 0;
    for message in &found {
        bytes += serde_json::to_vec(message).map_err(|e| StoreError::Corrupt(e.into()))?.len();
        if fits == size.entries || (bytes > size.bytes && fits > 0) {
            break;
        }
        fits += 1;
    }
    let has_more = more || fits < found.len();
    found.truncate(fits);
    if backwards {
        found.reverse();
    }
    Ok(Page { messages: found, has_more })
}
