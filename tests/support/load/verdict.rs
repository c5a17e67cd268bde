//! Whether the desk has kept its word: what clients were told, and what they have applied, against
//! the whole logs as an agent reads them. Pure.

use std::collections::{HashMap, HashSet};

use super::client::Record;

/// An entry of a log.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) id: String,
    pub(crate) sender: String,
    pub(crate) key: Option<String>,
    pub(crate) content: String,
}

/// A message that a client was told is stored.
#[derive(Debug, Clone)]
pub(crate) struct Acked {
    pub(crate) seq: u64,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) content: String,
}

/// What was found. Every number but the first two has to be 0.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) acked: usize,
    pub(crate) entries: usize,
    /// Acknowledged, and not in the log as it was acknowledged.
    pub(crate) lost: usize,
    /// A sender's key, or a number that it counts with, that is in a log twice.
    pub(crate) doubled: usize,
    /// Not in the order in which their sender sent them, or with one left out between.
    pub(crate) reordered: usize,
    /// Numbers of a log that are not the one before and one.
    pub(crate) holes: usize,
    /// Clients that have applied something else than the log.
    pub(crate) diverged: usize,
}

impl Verdict {
    /// Judges by the logs, by ticket. The senders' words are `<what> <number>`, counted from 0 for
    /// each sender and ticket.
    pub(crate) fn on(logs: &HashMap<String, Vec<Entry>>, records: &[Record]) -> Self {
        let mut verdict = Self::default();
        for log in logs.values() {
            verdict.entries += log.len();
            verdict.judge_log(log);
        }
        for record in records {
            for room in &record.rooms {
                let log = &logs[&room.ticket];
                verdict.acked += room.acked.len();
                let entry = |seq: u64| log.get(usize::try_from(seq - 1).unwrap());
                let kept = |acked: &&Acked| {
                    entry(acked.seq).is_some_and(|entry| {
                        entry.id == acked.id
                            && entry.key.as_ref() == Some(&acked.key)
                            && entry.content == acked.content
                    })
                };
                verdict.lost += room.acked.iter().filter(|acked| !kept(acked)).count();
                let same = room.applied.ids.len() == log.len()
                    && room.applied.ids.iter().zip(log).all(|(id, entry)| *id == entry.id);
                verdict.diverged += usize::from(!same);
            }
        }
        verdict
    }

    fn judge_log(&mut self, log: &[Entry]) {
        let mut keys = HashSet::new();
        let mut counted: HashMap<&str, u64> = HashMap::new();
        for (place, entry) in log.iter().enumerate() {
            self.holes += usize::from(entry.seq != place as u64 + 1);
            let Some(key) = &entry.key else { continue };
            self.doubled += usize::from(!keys.insert((&entry.sender, key)));
            let number = entry.content.rsplit(' ').next().and_then(|it| it.parse::<u64>().ok());
            let Some(number) = number else { continue };
            let next = counted.entry(&entry.sender).or_default();
            match number {
                same if same == *next => *next += 1,
                before if before < *next => self.doubled += 1,
                later => {
                    self.reordered += 1;
                    *next = later + 1;
                }
            }
        }
    }

    /// Fails unless everything was kept.
    pub(crate) fn must_be_clean(&self) {
        let Self { acked, entries, .. } = *self;
        assert_eq!(*self, Self { acked, entries, ..Self::default() });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{applied::Applied, client::Room};
    use super::*;

    fn entry(seq: u64, number: u64) -> Entry {
        let (id, key) = (format!("id-{number}"), Some(format!("key-{number}")));
        Entry { seq, id, sender: "maya".to_owned(), key, content: format!("word {number}") }
    }

    /// What is found in this log by a client that was told of, and has applied, the numbers 0 to 3.
    fn judge(log: Vec<Entry>) -> Verdict {
        let told: Vec<Entry> = (0..4).map(|number| entry(number + 1, number)).collect();
        let acked = told.iter().map(|it| Acked {
            seq: it.seq,
            id: it.id.clone(),
            key: it.key.clone().unwrap(),
            content: it.content.clone(),
        });
        let ids = told.iter().map(|it| it.id.clone()).collect();
        let applied = Applied::of(ids);
        let mut room = Room::of("t".to_owned());
        (room.acked, room.applied) = (acked.collect(), applied);
        let record = Record { rooms: vec![room], ..Record::default() };
        Verdict::on(&HashMap::from([("t".to_owned(), log)]), &[record])
    }

    #[test]
    fn a_log_with_everything_once_and_in_order_is_clean() {
        let verdict = judge((0..4).map(|number| entry(number + 1, number)).collect());

        assert_eq!((verdict.acked, verdict.entries), (4, 4));
        verdict.must_be_clean();
    }

    #[test]
    fn whatever_is_wrong_with_a_log_is_found() {
        let lost = judge((0..3).map(|number| entry(number + 1, number)).collect());
        assert_eq!((lost.lost, lost.diverged), (1, 1));

        let swapped = judge(vec![entry(1, 0), entry(2, 2), entry(3, 1), entry(4, 3)]);
        assert_eq!((swapped.lost, swapped.reordered), (2, 1));

        let mut twice: Vec<Entry> = (0..4).map(|number| entry(number + 1, number)).collect();
        twice.push(entry(5, 3));
        assert_eq!(judge(twice).doubled, 2, "the key, and the number");

        let mut hole: Vec<Entry> = (0..4).map(|number| entry(number + 1, number)).collect();
        hole[3].seq = 5;
        assert_eq!(judge(hole).holes, 1);

        let mut other: Vec<Entry> = (0..4).map(|number| entry(number + 1, number)).collect();
        "word three".clone_into(&mut other[3].content);
        assert_eq!(judge(other).lost, 1);
    }

    #[test]
    #[should_panic(expected = "lost: 1")]
    fn a_verdict_that_is_not_clean_fails_the_test() {
        Verdict { acked: 3, lost: 1, ..Verdict::default() }.must_be_clean();
    }
}
