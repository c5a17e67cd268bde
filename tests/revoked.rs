//! Who may not any more (T25): a login that is ended, by whatever ends it, has no connection a
//! second later, and nothing that it had still sent is done.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support_server::desk::Limits;
use tokio_util::task::TaskTracker;

use crate::support::{
    house::House,
    people::{Agent, Guest, http},
    process::{At, PASSWORD, Server, add, add_agent},
    script::{agent, signed_in},
    seed::at_once,
};

/// What ends the login of the agent whose token this is.
#[derive(Debug, Clone, Copy)]
enum End {
    SignOut,
    Disable,
    Demote,
    Promote,
    NewPassword,
}

impl End {
    /// Does it: the agent itself signs out, the rest is root's to do.
    async fn come(self, at: &At, root: &str, token: &str, name: &str) {
        let change = match self {
            Self::SignOut => {
                let request = http().post(at.url("/agent/logout")).bearer_auth(token);
                assert_eq!(request.send().await.unwrap().status(), StatusCode::NO_CONTENT);
                return;
            }
            Self::Disable => json!({ "disabled": true }),
            Self::Demote => json!({ "role": "agent" }),
            Self::Promote => json!({ "role": "admin" }),
            Self::NewPassword => json!({ "password": "another horse battery" }),
        };
        let path = at.url(&format!("/api/v1/agents/{name}"));
        let request = http().request(Method::PATCH, path).bearer_auth(root).json(&change);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK, "{self:?}");
    }
}

/// One message is being stored, and another waits behind it, when the login is ended: the other is
/// already with the server, and is not stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_on_the_wire_when_its_login_ended_is_not_done() {
    let data = tempfile::tempdir().unwrap();
    let ends = [
        ("ann", End::SignOut),
        ("ben", End::Disable),
        ("cleo", End::Demote),
        ("dan", End::Promote),
        ("eve", End::NewPassword),
    ];
    for name in ["ann", "ben", "dan", "eve"] {
        assert!(add_agent(data.path(), name, name).status.success());
    }
    for name in ["cleo", "root"] {
        assert!(add(data.path(), &[name, "--admin"]).status.success());
    }
    let patient = Limits { left_grace_ms: 600_000, ..Limits::default() };
    let house = House::on(data, patient).await;
    let root = Agent::token(&house.at, "root", PASSWORD).await.unwrap();
    let _colleague = Agent::connect(&house.at, &root).await.unwrap();
    let mut maya = Guest::arrives(&house.at).await;
    let ticket = maya.opens_a_ticket("hello").await;

    for (name, end) in ends {
        let mut agent = Agent::signs_in(&house.at, name).await;
        // Who is here already is said last of all that a new connection brings about.
        agent.socket.notice("presence:changed").await;
        let text = |which: &str| {
            let content = format!("{which} of {name}");
            json!({ "ticketId": ticket, "content": content, "clientMessageId": which })
        };
        // The first to ask for the time is the first message: who sends it stands by then.
        house.ahead.1.arm(0);
        let first = agent.socket.send("message:send", &text("first")).await;
        house.ahead.1.reached();
        let second = agent.socket.send("message:send", &text("second")).await;
        let (at, root, token) = (house.at.clone(), root.clone(), agent.token.clone());
        let ending =
            TaskTracker::new().spawn(async move { end.come(&at, &root, &token, name).await });
        ending.await.unwrap();
        house.ahead.1.release();

        let mut over = false;
        for number in [first, second] {
            let Some(ack) = agent.socket.answer(number).await else {
                over = true;
                break;
            };
            assert!(number == first || ack["error"]["code"] == "unauthenticated", "{end:?}: {ack}");
        }
        if !over {
            agent.socket.disconnected().await;
        }
        let refused = Agent::connect(&house.at, &agent.token).await.err();
        assert_eq!(refused.as_deref(), Some("unauthenticated"), "{end:?}");
    }

    let shown = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let said: Vec<&str> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert!(said.contains(&"first of ann"), "{said:?}");
    assert!(said.iter().all(|text| !text.starts_with("second")), "{said:?}");
    house.close().await;
}

/// Waits for the end of an idle connection; how it was told, and that it was at once.
async fn is_ended(agent: &mut Agent, since: Instant, what: &str) {
    let why = agent.socket.notice("session:ended").await;
    agent.socket.disconnected().await;
    assert!(since.elapsed() < at_once(), "{what}: {:?}", since.elapsed());
    assert_eq!(why["code"], "unauthenticated", "{what}");
}

#[tokio::test]
async fn an_admin_who_is_made_an_agent_is_signed_out_and_is_one_from_then_on() {
    let server = Server::with_admin();
    let root = Agent::token(&server, "root", PASSWORD).await.unwrap();
    End::Promote.come(&server, &root, "", "alice").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let agents = async |token: &str| {
        let request = http().get(server.url("/api/v1/agents")).bearer_auth(token);
        request.send().await.unwrap().status()
    };
    assert_eq!(agents(&alice.token).await, StatusCode::OK);

    let began = Instant::now();
    End::Demote.come(&server, &root, "", "alice").await;

    is_ended(&mut alice, began, "demoted").await;
    assert_eq!(agents(&alice.token).await, StatusCode::UNAUTHORIZED);
    let again = Agent::signs_in(&server, "alice").await;
    assert_eq!(agents(&again.token).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_password_that_is_set_on_the_command_line_ends_the_logins_by_the_old_one() {
    let server = Server::with_admin();
    let home = signed_in(&server, "root");
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut elsewhere = Agent::signs_in(&server, "alice").await;
    let mut bob = Agent::signs_in(&server, "bob").await;

    let change = ["agents", "password", "alice", "--password-stdin"];
    let changed = agent(&server.url(""), home.path(), &change, "another horse battery");
    assert!(changed.status.success(), "{changed:?}");
    let began = Instant::now();

    for agent in [&mut alice, &mut elsewhere] {
        is_ended(agent, began, "a new password").await;
    }
    for agent in [&alice, &elsewhere] {
        let refused = Agent::connect(&server, &agent.token).await.err();
        assert_eq!(refused.as_deref(), Some("unauthenticated"));
    }
    bob.socket.done("ticket:list", json!({})).await;
    let old: Result<String, Value> = Agent::token(&server, "alice", PASSWORD).await;
    assert_eq!(old.unwrap_err()["code"], "invalid_credentials");
    assert!(Agent::token(&server, "alice", "another horse battery").await.is_ok());
}
