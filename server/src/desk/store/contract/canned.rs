//! Promises about canned replies.

use super::*;

pub(super) fn canned(shortcut: &str) -> CannedRecord {
    CannedRecord {
        id: CannedId::from_ulid(ulid()),
        shortcut: shortcut.to_owned(),
        title: format!("About {shortcut}"),
        text: "Hello {guest.name}, {what next}".to_owned(),
        updated_at: time(1),
        version: 0,
    }
}

pub(super) async fn canned_replies_come_by_shortcut_and_a_shortcut_is_given_once(
    place: &mut Place,
) {
    let (refund, hello) = (canned("refund"), canned("hello"));

    assert_eq!(place.store.add_canned(refund.clone(), 3).await.unwrap(), AddedCanned::Done);
    assert_eq!(place.store.add_canned(hello.clone(), 3).await.unwrap(), AddedCanned::Done);
    let again = place.store.add_canned(canned("hello"), 3).await.unwrap();
    assert_eq!(again, AddedCanned::ShortcutTaken);

    assert_eq!(place.store.canned().await.unwrap(), [hello, refund]);
    place.store.add_canned(canned("third"), 3).await.unwrap();
    let fourth = place.store.add_canned(canned("fourth"), 3).await.unwrap();
    assert_eq!(fourth, AddedCanned::TooMany);
}

pub(super) async fn a_canned_reply_is_changed_on_top_of_what_it_is_and_not_after_it_is_gone(
    place: &mut Place,
) {
    let (hello, other) = (canned("hello"), canned("other"));
    for it in [&hello, &other] {
        place.store.add_canned(it.clone(), 9).await.unwrap();
    }
    let change = |shortcut: &str, version| CannedRecord {
        shortcut: shortcut.to_owned(),
        version,
        ..hello.clone()
    };
    let replace = async |it: &CannedRecord| place.store.replace_canned(it.clone()).await.unwrap();

    assert_eq!(replace(&change("other", 1)).await, ReplacedCanned::ShortcutTaken);
    assert_eq!(replace(&change("hi", 1)).await, ReplacedCanned::Done);
    // Somebody else has decided on what it was before.
    assert_eq!(replace(&change("hey", 1)).await, ReplacedCanned::Stale);
    assert_eq!(place.store.canned().await.unwrap(), [change("hi", 1), other.clone()]);
    assert!(place.store.remove_canned(hello.id).await.unwrap());
    assert!(!place.store.remove_canned(hello.id).await.unwrap());
    assert_eq!(replace(&change("hi", 2)).await, ReplacedCanned::Stale);
    place.restart().await;
    assert_eq!(place.store.canned().await.unwrap(), [other]);
}
