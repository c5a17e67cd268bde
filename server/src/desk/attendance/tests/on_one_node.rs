//! On one node: the store is away, answers are lost, and colleagues are faster.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_agent_who_left_while_the_store_was_away_is_written_out_when_it_is_back() {
    let house = House::new().await;
    let (node, alice) = (house.start(), agent("a"));
    house.joins(&node, &alice).await;

    // From here on nothing is written: nor when the grace period is over.
    node.is_away(true);
    let left = node.desk.presence.stand(house.ticket, agent_id(), &Arc::from("a"));
    assert!(left);
    node.desk.leave_after_grace(house.ticket, agent_id());
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(house.story().await, ["joined"]);
    node.is_away(false);

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_whose_connection_broke_while_the_store_was_away_is_written_out_when_it_is_back() {
    let house = House::new().await;
    let (node, alice) = (house.start(), agent("a"));
    house.joins(&node, &alice).await;

    node.is_away(true);
    node.desk.disconnected(&alice);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(house.story().await, ["joined"]);
    node.is_away(false);

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_is_back_within_the_grace_period_has_never_left() {
    let house = House::new().await;
    let (node, alice, again) = (house.start(), agent("a"), agent("b"));
    house.joins(&node, &alice).await;

    node.desk.disconnected(&alice);
    tokio::time::sleep(Duration::from_secs(9)).await;
    house.joins(&node, &again).await;

    house.comes_to(&["joined"]).await;
    let heard = [PresenceState::Online, PresenceState::Away, PresenceState::Online];
    assert_eq!(*node.heard.0.lock().unwrap(), heard);
}

#[tokio::test(start_paused = true)]
async fn colleagues_hear_that_an_agent_is_gone_also_while_the_store_is_away() {
    let house = House::new().await;
    let (node, alice) = (house.start(), agent("a"));
    house.joins(&node, &alice).await;

    node.is_away(true);
    node.desk.disconnected(&alice);
    let heard = || node.heard.0.lock().unwrap().clone();
    assert_eq!(heard(), [PresenceState::Online, PresenceState::Away]);
    tokio::time::sleep(Duration::from_mins(1)).await;

    assert_eq!(heard(), [PresenceState::Online, PresenceState::Away, PresenceState::Offline]);
}

#[tokio::test(start_paused = true)]
async fn who_is_in_a_ticket_that_its_summary_does_not_know_of_is_written_out_after_a_start() {
    let house = House::new().await;
    // What a node has written when it ends before the summary.
    let mut joined = house.log().await.pop().unwrap();
    (joined.id, joined.seq) = (MessageId::from_ulid(Ulid::from(9)), Some(2));
    (joined.sender_id, joined.client_message_id) = (None, None);
    let name = AgentName { id: agent_id(), name: "Alice".to_owned() };
    joined.event = Some(SystemEvent::AgentJoined { agent: name });
    let collections = Simulated::open(Arc::clone(&house.tables), Arc::new(Calm));
    collections.insert_entries(&[joined]).await.pop().unwrap().unwrap();

    let node = house.start();
    node.desk.resume().await.unwrap();

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn who_joins_while_a_ticket_is_closed_and_opened_again_is_in_it_as_the_answer_says() {
    let mut met = 0;
    for moment in (0..400).step_by(7) {
        let house = House::new().await;
        let (one, other) = (house.start(), house.start());
        let (here, there) = (agent("a"), agent("b"));
        one.does(&here, Command::Connect(Side::Agent)).await.unwrap();
        other.does(&there, Command::Connect(Side::Agent)).await.unwrap();
        let ticket = TicketName::Id(house.ticket);

        // A node that is far from the database, and in the middle of the join a colleague beside it.
        one.way.slow.store(20, Ordering::Relaxed);
        let closes = async {
            tokio::time::sleep(Duration::from_millis(moment)).await;
            other.does(&there, Command::CloseTicket { ticket, reason: None }).await.unwrap();
            other.does(&there, Command::ReopenTicket(ticket)).await.unwrap();
        };
        let (joined, ()) = tokio::join!(one.does(&here, house.join()), closes);
        let Ok(Reply::Joined(joined)) = joined else { panic!("{joined:?}") };
        let TicketView::Agent(ticket) = joined.ticket else { panic!() };

        let story = house.story().await;
        let closed_after = story.ends_with(&["joined", "closed", "reopened"]);
        let is_in = story.ends_with(&["joined"]);
        // Either it has joined again after the close, or it was told of the close in the answer or
        // will be, because it was in the room when it came.
        assert!(is_in || closed_after, "{moment}: {story:?}");
        assert_eq!(ticket.status, TicketStatus::Open, "{moment}");
        if closed_after {
            let closed = |it: &Message| matches!(it.event, Some(SystemEvent::TicketClosed { .. }));
            assert!(!joined.messages.iter().any(closed), "{moment}: {story:?}");
        }
        met += usize::from(is_in && story.contains(&"closed"));
    }
    assert!(met > 3, "no close came in the middle");
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_while_joining_is_not_in_the_ticket_whatever_was_written() {
    let mut written = 0;
    for moment in (0..400).step_by(10) {
        let house = House::new().await;
        let (node, alice) = (house.start(), agent("a"));
        node.does(&alice, Command::Connect(Side::Agent)).await.unwrap();

        node.way.slow.store(20, Ordering::Relaxed);
        let breaks = async {
            tokio::time::sleep(Duration::from_millis(moment)).await;
            node.way.is_deaf.store(true, Ordering::Relaxed);
        };
        let (joined, ()) = tokio::join!(node.does(&alice, house.join()), breaks);
        node.way.is_deaf.store(false, Ordering::Relaxed);

        let sits = node.desk.presence.sits(house.ticket, agent_id());
        assert_eq!(sits, joined.is_ok(), "{moment}: {joined:?}");
        let before = house.story().await;
        match (joined.is_ok(), before.as_slice()) {
            (true, _) => house.comes_to(&["joined"]).await,
            (false, []) => house.comes_to(&[]).await,
            (false, _) => {
                written += 1;
                house.comes_to(&["joined", "left"]).await;
            }
        }
    }
    assert!(written > 1, "nothing was written in a join that was refused");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_may_have_ended_keeps_no_connection() {
    for (deaf, slow) in [(true, 0), (false, 20_000)] {
        let house = House::new().await;
        let (node, alice) = (house.start(), agent("a"));
        node.does(&alice, Command::Connect(Side::Agent)).await.unwrap();

        node.way.is_deaf.store(deaf, Ordering::Relaxed);
        let desk = Arc::clone(&node.desk);
        let session = SessionId::from_ulid(Ulid::from(3));
        let signs_out = desk.sign_out(&alice);
        node.way.slow.store(slow, Ordering::Relaxed);
        // As long as a command is waited for.
        let answer = tokio::time::timeout(Duration::from_secs(5), signs_out).await;
        assert!(!matches!(answer, Ok(Ok(_))), "{answer:?}");
        tokio::time::sleep(Duration::from_mins(2)).await;

        let mut ended = node.heard.1.lock().unwrap().clone();
        // A connection that is still there is ended again.
        ended.dedup();
        assert_eq!(ended, [Ending::Session(session)]);
    }
}
