//! Names that nobody else has.

use support_shared::ClientMessageId;
use ulid::Ulid;

use crate::clock;

/// A new name for a message that is going to be sent.
pub(crate) fn client_message_id() -> ClientMessageId {
    let id = Ulid::from_parts(u64::try_from(clock::now().as_millis()).unwrap_or(0), rand::random());
    id.to_string().parse().unwrap_or_else(|_| unreachable!("a ULID is a client message id"))
}
