//! What goes wrong inside the house: a session that runs out, a fault of our own, a store that does
//! not answer. The server runs in this process here, so that its clock and its randomness are ours.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio_util::task::TaskTracker;

use crate::support::{
    client::Client,
    house::House,
    people::{Agent, Guest, http},
    process::{At, PASSWORD, Server as Process},
};

/// T26: not before its time, not long after it, and not again.
#[tokio::test]
async fn a_token_that_runs_out_ends_an_idle_connection_and_a_clock_set_back_does_not_revive_it() {
    let house = House::open().await;
    let asked = Instant::now();
    let token = Agent::token(&house.at, "alice", PASSWORD).await.unwrap();
    let issued = Instant::now();
    // It lasts an hour to the second: four to five seconds from when it was issued are left.
    house.ahead.0.store(3_595, Ordering::Relaxed);
    let mut socket = Agent::connect(&house.at, &token).await.unwrap();
    house.ahead.0.store(0, Ordering::Relaxed);
    socket.done("ticket:list", json!({})).await;

    assert_eq!(socket.notice("session:ended").await["code"], "unauthenticated");
    socket.disconnected().await;

    assert!(asked.elapsed() > Duration::from_millis(3_950), "{:?}", asked.elapsed());
    assert!(issued.elapsed() < Duration::from_secs(15), "{:?}", issued.elapsed());
    house.ahead.0.store(3_601, Ordering::Relaxed);
    assert_eq!(Agent::connect(&house.at, &token).await.err().as_deref(), Some("unauthenticated"));
    house.close().await;
}

#[tokio::test]
async fn a_fault_of_our_own_is_acknowledged_and_the_connection_lives_on() {
    let house = House::open().await;
    let mut maya = Guest::arrives(&house.at).await;
    house.breaks.0.store(true, Ordering::Relaxed);

    let create = json!({ "content": "hello", "clientMessageId": "k" });
    let ack = maya.socket.ask("ticket:create", create.clone()).await;

    assert_eq!(ack["error"]["code"], "internal");
    assert_eq!(ack["error"]["message"], "something went wrong on our side");
    assert!(ack["error"]["details"]["id"].is_string());
    maya.socket.done("ticket:create", create).await;
    house.close().await;
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_unavailable_in_time_and_well_again_afterwards() {
    let house = House::open().await;
    let mut maya = Guest::arrives(&house.at).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let other = rusqlite::Connection::open(house.data.path().join("support.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let text = |key: &str| json!({ "ticketId": ticket, "content": "x", "clientMessageId": key });

    let began = Instant::now();
    let mut asked = Vec::new();
    for key in ["k1", "k2", "k3"] {
        asked.push(maya.socket.send("message:send", &text(key)).await);
    }

    // Who asks for more than one thing at once waits no longer than for one.
    for number in asked {
        assert_eq!(maya.socket.ack(number).await["error"]["code"], "unavailable");
    }
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    // Reading goes on meanwhile, and writing afterwards.
    let listed = maya.socket.done("message:list", json!({ "ticketId": ticket })).await;
    assert_eq!(listed["messages"].as_array().unwrap().len(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    let sent = maya.socket.done("message:send", text("k1")).await;
    assert_eq!(sent["message"]["seq"], 2);
    house.close().await;
}

/// What could not be stored has used up nothing: the guest's first message goes through once there
/// is room again, however often it was tried before.
#[tokio::test]
async fn a_first_message_that_could_not_be_stored_costs_no_new_ticket() {
    let server = Process::with(&[("SUPPORT_LIMITS_GUEST_NEW_TICKETS", "1")]);
    let mut maya = Guest::arrives(&server).await;
    let other = rusqlite::Connection::open(server.data.path().join("support.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let first = json!({ "content": "hello", "clientMessageId": "k" });

    for _ in 0..2 {
        let refused = maya.socket.refused("ticket:create", first.clone()).await;
        assert_eq!(refused, "unavailable");
    }
    other.execute_batch("ROLLBACK").unwrap();

    maya.socket.done("ticket:create", first.clone()).await;
    // Sent again it is the same ticket, and another one is too many.
    maya.socket.done("ticket:create", first).await;
    let second = json!({ "content": "hello", "clientMessageId": "another" });
    assert_eq!(maya.socket.refused("ticket:create", second).await, "rate_limited");
}

/// The login has seen the right password and is about to be stored when the password changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_login_that_races_a_new_password_does_not_outlive_it() {
    let house = House::open().await;
    let token = Agent::token(&house.at, "alice", PASSWORD).await.unwrap();
    let address = At { address: house.at.address };

    // The first to ask for the time is the login, for when it ends: after the password was looked
    // at, and before the session is stored.
    house.ahead.1.arm(0);
    let tasks = TaskTracker::new();
    let login = tasks.spawn(async move { Agent::token(&address, "alice", PASSWORD).await });
    house.ahead.1.reached();
    let change = json!({ "current": PASSWORD, "new": "another horse battery" });
    let changed = http()
        .post(house.at.url("/agent/password"))
        .bearer_auth(&token)
        .json(&change)
        .send()
        .await
        .unwrap();
    house.ahead.1.release();

    assert_eq!(changed.status(), reqwest::StatusCode::NO_CONTENT);
    let refused = login.await.unwrap().expect_err("a session by the old password");
    assert_eq!(refused["code"], "invalid_credentials");
    assert!(Agent::token(&house.at, "alice", "another horse battery").await.is_ok());
    house.close().await;
}

/// The session was found to stand, and ends before its connection is in the room where it would be
/// found and ended with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_that_ends_during_the_handshake_leaves_no_live_connection() {
    let house = House::open().await;
    let token = Agent::token(&house.at, "alice", PASSWORD).await.unwrap();
    let mut socket = Client::open(&house.at, "/agent", &[]).await.unwrap();

    // The first to ask for the time verifies the token, the second looks whether the session stands.
    house.ahead.1.arm(1);
    socket.text(&format!("40/agent,{}", json!({ "token": token }))).await;
    house.ahead.1.reached();
    let signed_out =
        http().post(house.at.url("/agent/logout")).bearer_auth(&token).send().await.unwrap();
    house.ahead.1.release();

    assert_eq!(signed_out.status(), reqwest::StatusCode::NO_CONTENT);
    assert_eq!(socket.notice("session:ended").await["code"], "unauthenticated");
    socket.disconnected().await;
    house.close().await;
}
