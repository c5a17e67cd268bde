//! Between two nodes, which know of each other by the store only.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_start_leaves_alone_who_sits_at_another_node() {
    let house = House::new().await;
    let (one, alice) = (house.start(), agent("a"));
    house.joins(&one, &alice).await;

    let other = house.start();
    other.desk.resume().await.unwrap();
    house.comes_to(&["joined"]).await;
    one.desk.disconnected(&alice);

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn who_sat_at_a_node_that_has_ended_is_written_out_by_another() {
    let house = House::new().await;
    let (one, other, alice) = (house.start(), house.start(), agent("a"));
    house.joins(&one, &alice).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(house.story().await, ["joined"]);

    one.ends();

    house.comes_to(&["joined", "left"]).await;
    drop(other);
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_leaves_at_one_node_and_sits_at_another_has_not_left() {
    let house = House::new().await;
    let (one, other) = (house.start(), house.start());
    let (here, there) = (agent("a"), agent("b"));
    house.joins(&one, &here).await;
    house.joins(&other, &there).await;

    one.does(&here, Command::LeaveTicket(house.ticket)).await.unwrap();
    house.comes_to(&["joined"]).await;
    other.does(&there, Command::LeaveTicket(house.ticket)).await.unwrap();

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_away_writes_its_agents_in_again() {
    let house = House::new().await;
    let (one, other, alice) = (house.start(), house.start(), agent("a"));
    house.joins(&one, &alice).await;

    one.is_away(true);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(house.story().await, ["joined", "left"]);
    one.is_away(false);

    house.comes_to(&["joined", "left", "joined"]).await;
    drop(other);
}

#[tokio::test(start_paused = true)]
async fn who_was_in_a_ticket_when_it_was_closed_at_another_node_is_in_it_no_more() {
    let house = House::new().await;
    let (one, other) = (house.start(), house.start());
    let (here, there) = (agent("a"), agent("b"));
    house.joins(&one, &here).await;
    other.does(&there, Command::Connect(Side::Agent)).await.unwrap();
    let ticket = TicketName::Id(house.ticket);

    other.does(&there, Command::CloseTicket { ticket, reason: None }).await.unwrap();
    other.does(&there, Command::ReopenTicket(ticket)).await.unwrap();

    house.comes_to(&["joined", "closed", "reopened"]).await;
    assert!(!one.desk.presence.sits(house.ticket, agent_id()));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_takes_its_word_back_and_one_that_is_silent_is_forgotten() {
    let house = House::new().await;
    let (one, other, third) = (house.start(), house.start(), house.start());
    let collections = Simulated::open(Arc::clone(&house.tables), Arc::new(Calm));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(collections.heartbeats().await.unwrap().len(), 3);

    other.desk.close().await;
    assert_eq!(collections.heartbeats().await.unwrap().len(), 2);
    third.ends();
    tokio::time::sleep(Duration::from_mins(20)).await;

    assert_eq!(collections.heartbeats().await.unwrap().len(), 1);
    drop(one);
}

#[tokio::test(start_paused = true)]
async fn who_is_signed_out_at_one_node_is_gone_from_another_within_a_second() {
    let house = House::new().await;
    let (one, other) = (house.start(), house.start());
    let (here, there) = (agent("a"), agent("b"));
    one.does(&here, Command::Connect(Side::Agent)).await.unwrap();
    other.does(&there, Command::Connect(Side::Agent)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(*other.heard.1.lock().unwrap(), []);

    one.does(&here, Command::SignOut).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;

    let ended = other.heard.1.lock().unwrap().first().copied();
    assert_eq!(ended, Some(Ending::Session(SessionId::from_ulid(Ulid::from(3)))));
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_nobody_is_taken_for_signed_out() {
    let house = House::new().await;
    let (node, alice) = (house.start(), agent("a"));
    node.does(&alice, Command::Connect(Side::Agent)).await.unwrap();

    node.is_away(true);
    tokio::time::sleep(Duration::from_mins(1)).await;
    node.is_away(false);
    tokio::time::sleep(Duration::from_secs(5)).await;

    assert_eq!(*node.heard.1.lock().unwrap(), []);
}
