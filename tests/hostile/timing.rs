//! What an answer's time gives away. Both kinds are asked in turn, one of each, so that whatever
//! else the machine does is felt by both; and medians are compared, which a few slow answers do not
//! move.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::UNLIMITED;
use crate::support::{people::Guest, process::Server};

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// By how much the second kind takes longer than the first, as a part of the first's time: the
/// median of the differences within each pair.
fn difference(pairs: &[(Duration, Duration)]) -> f64 {
    let mut differences: Vec<f64> =
        pairs.iter().map(|(one, two)| two.as_secs_f64() - one.as_secs_f64()).collect();
    differences.sort_by(f64::total_cmp);
    let usual = median(pairs.iter().map(|(one, _)| *one).collect());
    differences[differences.len() / 2] / usual.as_secs_f64()
}

/// A password that is not looked at saves nearly all of the time: the difference would be -0.9 and
/// less. Noise on a machine with other work stays far below this.
const OF_A_LOGIN: f64 = 0.6;

#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    const PAIRS: usize = 60;
    let server = Server::with(&[
        ("SUPPORT_LIMITS_LOGIN_TRIES", "0"),
        ("SUPPORT_LIMITS_LOGIN_ADDRESS_TRIES", "0"),
    ]);
    let web = reqwest::Client::new();
    let try_in = async |name: &str| {
        let body = json!({ "username": name, "password": "not the password" });
        let request = web.post(server.url("/agent/login")).json(&body);
        let began = Instant::now();
        let response = request.send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        (began.elapsed(), (status, body))
    };
    let (_, wrong) = try_in("alice").await;
    assert_eq!(wrong.0, StatusCode::UNAUTHORIZED);

    let mut pairs = Vec::new();
    for number in 0..PAIRS {
        let (known, answer) = try_in("alice").await;
        assert_eq!(answer, wrong);
        let (unknown, answer) = try_in(&format!("nobody{number}")).await;
        assert_eq!(answer, wrong);
        pairs.push((known, unknown));
    }

    let usual = median(pairs.iter().map(|(known, _)| *known).collect());
    let difference = difference(&pairs);
    println!("a wrong password takes {usual:?}, an unknown name {:+.1} % more", difference * 100.0);
    assert!(difference.abs() < OF_A_LOGIN, "{difference}");
}

/// Loading the record of another's ticket, only to refuse it, has made 16 %; one more look into the
/// store makes more. Without either it is 1 % on a machine with other work.
const OF_A_LOOK: f64 = 0.1;

#[tokio::test]
async fn another_guests_ticket_takes_as_long_as_one_that_does_not_exist() {
    const PAIRS: usize = 1_500;
    let server = Server::with(&UNLIMITED);
    let mut maya = Guest::arrives(&server).await;
    let mut eve = Guest::arrives(&server).await;
    let foreign = json!({ "ticketId": maya.opens_a_ticket("hello").await });
    let mut try_in = async |payload: Value| {
        let began = Instant::now();
        let ack = eve.socket.ask("ticket:join", payload).await;
        (began.elapsed(), ack)
    };
    let (_, refused) = try_in(foreign.clone()).await;
    assert_eq!(refused["error"]["code"], "not_found");

    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let (random, answer) =
            try_in(json!({ "ticketId": ulid::Ulid::generate().to_string() })).await;
        assert_eq!(answer, refused);
        let (other, answer) = try_in(foreign.clone()).await;
        assert_eq!(answer, refused);
        pairs.push((random, other));
    }

    let usual = median(pairs.iter().map(|(random, _)| *random).collect());
    let difference = difference(&pairs);
    println!("a random id takes {usual:?}, another's ticket {:+.1} % more", difference * 100.0);
    assert!(difference.abs() < OF_A_LOOK, "{difference}");
}
