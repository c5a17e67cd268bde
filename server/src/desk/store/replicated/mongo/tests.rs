//! What addresses and databases are refused.

use super::super::collections::Upkeep;
use super::testing::Scratch;
use super::*;

async fn refusal(address: &str) -> OpenError {
    Mongo::open(address, &Source::system()).await.err().unwrap()
}

#[tokio::test]
async fn an_address_that_asks_for_less_than_is_promised_is_refused() {
    for option in [
        "w=1",
        "w=0",
        "w=2",
        "w=somewhere",
        "journal=false",
        "readConcernLevel=local",
        "readConcernLevel=available",
    ] {
        let refused = refusal(&format!("mongodb://127.0.0.1:1/desk?{option}")).await;
        // `w=0` is refused by the driver before us.
        let told = matches!(refused, OpenError::Weak(_) | OpenError::Address(_));
        assert!(told, "{option}: {refused}");
    }
    assert!(matches!(refusal("mongodb://").await, OpenError::Address(_)));
}

#[tokio::test]
async fn an_address_that_asks_for_no_less_is_taken() {
    let scratch = Scratch::new();
    for option in ["w=majority", "journal=true", "readConcernLevel=majority"] {
        let address = format!("{}&{option}", scratch.address);
        assert!(Mongo::open(&address, &Source::system()).await.is_ok(), "{option}");
    }
    scratch.drop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_what_the_driver_makes_of_it() {
    let refused = refusal("mongodb://me:secret@127.0.0.1:1/desk").await.to_string();

    assert_eq!(
        refused,
        "cannot use the MongoDB at 127.0.0.1:1: no server that can be written to has answered in 3 s"
    );
}

#[tokio::test]
async fn a_database_of_something_else_or_of_a_later_version_is_left_alone() {
    let foreign = Scratch::new();
    let database = foreign.database().await;
    database.collection("orders").insert_one(doc! { "total": 1 }).await.unwrap();
    assert!(matches!(refusal(&foreign.address).await, OpenError::Foreign(_)));
    assert_eq!(database.list_collection_names().await.unwrap(), ["orders"]);

    let newer = Scratch::new();
    let epoch = Mongo::open(&newer.address, &Source::system()).await.unwrap().epoch().to_owned();
    let meta = newer.database().await.collection::<Document>("meta");
    let format = doc! { "$set": { "format": FORMAT + 1 } };
    meta.update_one(doc! { "_id": "desk" }, format).await.unwrap();
    assert!(matches!(refusal(&newer.address).await, OpenError::Newer(_, 2)));
    let kept = meta.find_one(doc! { "_id": "desk" }).await.unwrap().unwrap();
    assert_eq!(kept.get_str("epoch").unwrap(), epoch);

    foreign.drop().await;
    newer.drop().await;
}

#[tokio::test]
async fn half_of_an_import_is_served_by_nobody() {
    let scratch = Scratch::new();
    let mongo = Mongo::open(&scratch.address, &Source::system()).await.unwrap();
    mongo.set_importing(true).await.unwrap();
    mongo.set_importing(true).await.unwrap();

    assert!(matches!(refusal(&scratch.address).await, OpenError::Unfinished(_)));
    let again = Mongo::open_to_import(&scratch.address, &Source::system()).await.unwrap();
    again.set_importing(false).await.unwrap();
    assert!(Mongo::open(&scratch.address, &Source::system()).await.is_ok());
    scratch.drop().await;
}
