//! What a client has of a log, and the rule by which it takes more: by number, in order, each once.
//! Pure: asking again is for the caller.

use std::collections::BTreeMap;

use serde_json::Value;

/// Entries that are kept until what is missing before them comes; more are asked for again.
const HELD: usize = 256;

/// A log as a client has applied it.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// The ids of its entries; the first has the number 1.
    pub(crate) ids: Vec<String>,
    /// Entries that came although they were there.
    pub(crate) again: u64,
    held: BTreeMap<u64, String>,
}

/// What became of an entry that came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Took {
    Applied,
    /// It was there already.
    Again,
    /// Something before it is missing: ask for what comes after the last.
    Gap,
}

impl Applied {
    /// A log of which these entries came, in this order.
    #[cfg(test)]
    pub(super) fn of(ids: Vec<String>) -> Self {
        Self { ids, ..Self::default() }
    }

    /// The number of the last entry.
    pub(crate) fn last(&self) -> u64 {
        self.ids.len() as u64
    }

    pub(crate) fn take(&mut self, message: &Value) -> Took {
        let seq = message["seq"].as_u64().unwrap();
        let id = message["id"].as_str().unwrap();
        if seq > self.last() + 1 {
            if self.held.len() < HELD {
                self.held.insert(seq, id.to_owned());
            }
            return Took::Gap;
        }
        if seq == self.last() + 1 {
            self.ids.push(id.to_owned());
            while let Some(id) = self.held.remove(&(self.last() + 1)) {
                self.ids.push(id);
            }
            return Took::Applied;
        }
        let place = usize::try_from(seq - 1).unwrap();
        assert_eq!(self.ids[place], id, "two entries have the number {seq}");
        self.again += 1;
        Took::Again
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_are_applied_in_order_and_once() {
        use Took::{Again, Applied as Done, Gap};

        let mut log = Applied::default();
        let entry = |seq: u64| json!({ "seq": seq, "id": format!("id-{seq}") });

        let took: Vec<Took> =
            [1, 2, 1, 4, 3, 4, 5].into_iter().map(|seq| log.take(&entry(seq))).collect();

        assert_eq!(took, [Done, Done, Again, Gap, Done, Again, Done]);
        assert_eq!(log.ids, ["id-1", "id-2", "id-3", "id-4", "id-5"]);
        assert_eq!(log.again, 2);
    }

    #[test]
    #[should_panic(expected = "two entries have the number 1")]
    fn another_entry_under_the_same_number_is_a_fault() {
        let mut log = Applied::default();
        log.take(&json!({ "seq": 1, "id": "a" }));
        log.take(&json!({ "seq": 1, "id": "b" }));
    }
}
