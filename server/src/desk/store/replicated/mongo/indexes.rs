//! The indexes, in one place. The two unique ones of `entries` are what the promises rest on; both
//! begin with `ticketId`, so that `entries` can be sharded by it. Every list has an index.

use mongodb::{
    Database, IndexModel,
    bson::{Document, doc},
    error::Result,
    options::IndexOptions,
};

pub(super) const ENTRIES: &str = "entries";
pub(super) const TICKETS: &str = "tickets";
pub(super) const AGENTS: &str = "agents";
pub(super) const CANNED: &str = "canned";

/// Makes those that are missing.
pub(super) async fn make(database: &Database) -> Result<()> {
    for (collection, indexes) in all() {
        database.collection::<Document>(collection).create_indexes(indexes).await?;
    }
    Ok(())
}

fn all() -> [(&'static str, Vec<IndexModel>); 4] {
    [
        (
            ENTRIES,
            vec![
                unique("by_number", doc! { "ticketId": 1, "log": 1, "seq": 1 }),
                unique_where(
                    "by_key",
                    doc! { "ticketId": 1, "senderId": 1, "clientMessageId": 1 },
                    doc! { "clientMessageId": { "$exists": true } },
                ),
            ],
        ),
        (
            TICKETS,
            vec![
                unique("by_ref", doc! { "ref": 1 }),
                unique("by_creation", doc! { "guestId": 1, "createdBy": 1 }),
                unique_where(
                    "by_slot",
                    doc! { "guestId": 1, "slot": 1 },
                    doc! { "slot": { "$exists": true } },
                ),
                plain("by_order", doc! { "status": 1, "order": 1, "_id": 1 }),
                plain("by_assignee", doc! { "status": 1, "assignee": 1, "order": 1, "_id": 1 }),
                plain("by_tag", doc! { "status": 1, "tags": 1, "order": 1, "_id": 1 }),
                plain("by_word", doc! { "words": 1, "status": 1 }),
                plain("by_guest", doc! { "guestId": 1, "activeAt": 1, "_id": 1 }),
                plain("attended", doc! { "attended": 1 }),
            ],
        ),
        (CANNED, vec![unique("by_shortcut", doc! { "shortcut": 1 })]),
        (
            AGENTS,
            vec![
                unique("by_username", doc! { "agent.username": 1 }),
                plain("by_session", doc! { "sessions.id": 1 }),
            ],
        ),
    ]
}

fn plain(name: &str, keys: Document) -> IndexModel {
    model(keys, IndexOptions::builder().name(name.to_owned()).build())
}

fn unique(name: &str, keys: Document) -> IndexModel {
    model(keys, IndexOptions::builder().name(name.to_owned()).unique(true).build())
}

fn unique_where(name: &str, keys: Document, filter: Document) -> IndexModel {
    let options = IndexOptions::builder()
        .name(name.to_owned())
        .unique(true)
        .partial_filter_expression(filter)
        .build();
    model(keys, options)
}

fn model(keys: Document, options: IndexOptions) -> IndexModel {
    IndexModel::builder().keys(keys).options(options).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_entries_rest_on_can_be_sharded_by_ticket() {
        let (_, entries) = all().into_iter().find(|(name, _)| *name == ENTRIES).unwrap();

        assert_eq!(entries.len(), 2);
        for index in entries {
            assert_eq!(index.options.unwrap().unique, Some(true));
            assert_eq!(index.keys.keys().next().unwrap(), "ticketId");
        }
    }
}
