//! Credentials that were made to be taken for others: each proves nothing, and makes the server do
//! nothing but refuse.

use std::io::ErrorKind;
use std::net::TcpListener;

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::support::{
    client::Client,
    people::{Agent, Guest, http},
    process::{PASSWORD, Server},
};

/// A good token, taken apart, and the key that has signed it.
struct Forge {
    good: String,
    header: Value,
    claims: Value,
    key: Vec<u8>,
}

impl Forge {
    async fn of(server: &Server, name: &str) -> Self {
        let good = Agent::token(server, name, PASSWORD).await.unwrap();
        let part = |place: usize| {
            let part = URL_SAFE_NO_PAD.decode(good.split('.').nth(place).unwrap()).unwrap();
            serde_json::from_slice(&part).unwrap()
        };
        let keys = std::fs::read(server.data.path().join("keys.json")).unwrap();
        let keys: Value = serde_json::from_slice(&keys).unwrap();
        let key = URL_SAFE_NO_PAD.decode(keys["tokens"][0]["key"].as_str().unwrap()).unwrap();
        Self { header: part(0), claims: part(1), good, key }
    }

    /// A token of these parts.
    fn token(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let text = format!("{}.{}", encoded(header), encoded(claims));
        let signature = sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// With this algorithm in the header, and signed so.
    fn algorithm(&self, name: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let mut header = self.header.clone();
        header["alg"] = name.into();
        Self::token(&header, &self.claims, sign)
    }

    /// Signed with the right key, and with more or something else in the header.
    fn headed(&self, field: &str, value: impl Into<Value>) -> String {
        let mut header = self.header.clone();
        header[field] = value.into();
        Self::token(&header, &self.claims, mac(hmac::HMAC_SHA256, &self.key))
    }

    /// Signed with the right key, and with something else in the claims.
    fn claiming(&self, field: &str, value: &str) -> String {
        let mut claims = self.claims.clone();
        claims[field] = value.into();
        Self::token(&self.header, &claims, mac(hmac::HMAC_SHA256, &self.key))
    }
}

/// What signs with a secret.
fn mac(hash: hmac::Algorithm, key: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hash, key);
    move |text| hmac::sign(&key, text).as_ref().to_vec()
}

/// A public key as the text of a file.
fn pem(key: &[u8]) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(key))
}

/// What proves nobody, as a bearer's token, in a handshake, and as a cookie of either kind.
async fn is_refused(server: &Server, what: &str, token: &str) {
    let request = http().get(server.url("/agent/me")).bearer_auth(token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 401, "{what}");
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "unauthenticated", "{what}");
    let refused = Agent::connect(server, token).await.err();
    assert_eq!(refused.as_deref(), Some("unauthenticated"), "{what}");
    let origin = server.url("");
    for (namespace, name) in [("/agent", "agentToken"), ("/guest", "guestId")] {
        let cookie = format!("{name}={token}");
        if cookie.bytes().any(|byte| b"\" ,;\\\n".contains(&byte)) {
            continue;
        }
        let headers = [("cookie", cookie.as_str()), ("origin", origin.as_str())];
        let refused = Client::connect(server, namespace, &headers, json!({})).await.err();
        assert_eq!(refused.as_deref(), Some("unauthenticated"), "{what} as {name}");
    }
}

/// T18, T19: one algorithm is taken, whatever key the others are signed with.
#[tokio::test]
async fn a_token_of_another_algorithm_is_nobodys() {
    let server = Server::start();
    let forge = Forge::of(&server, "alice").await;
    let random = SystemRandom::new();
    let rsa = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let rsa_public = rsa.public_key().as_der().unwrap();
    let by_rsa = |text: &[u8]| {
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).unwrap();
        signature
    };
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let ec_public = ec.public_key().as_der().unwrap();
    let by_ec = |text: &[u8]| ec.sign(&random, text).unwrap().as_ref().to_vec();
    let hs256 = |key: &[u8]| forge.algorithm("HS256", mac(hmac::HMAC_SHA256, key));
    let right = forge.key.as_slice();

    for (what, token) in [
        ("none", forge.algorithm("none", |_| Vec::new())),
        ("nOnE", forge.algorithm("nOnE", |_| Vec::new())),
        ("RS256 by a real key", forge.algorithm("RS256", by_rsa)),
        ("ES256 by a real key", forge.algorithm("ES256", by_ec)),
        ("RS256 by the secret", forge.algorithm("RS256", mac(hmac::HMAC_SHA256, right))),
        ("HS256 by an RSA key's text", hs256(pem(rsa_public.as_ref()).as_bytes())),
        ("HS256 by an EC key's text", hs256(pem(ec_public.as_ref()).as_bytes())),
        ("HS256 by an RSA key's bytes", hs256(rsa_public.as_ref())),
        ("HS256 by nothing", hs256(b"")),
        ("HS384 by the right key", forge.algorithm("HS384", mac(hmac::HMAC_SHA384, right))),
        ("HS512 by the right key", forge.algorithm("HS512", mac(hmac::HMAC_SHA512, right))),
        ("an empty signature", forge.algorithm("HS256", |_| Vec::new())),
    ] {
        is_refused(&server, what, &token).await;
    }
    // The forge can make good ones.
    assert!(Agent::connect(&server, &hs256(right)).await.is_ok());
}

/// T21: a proof of one kind is none of another, and a token has one form.
#[tokio::test]
async fn a_proof_of_one_kind_is_none_of_another() {
    let server = Server::start();
    let forge = Forge::of(&server, "alice").await;
    let (cookie, _) = Guest::session(&server).await;
    let guest = cookie.strip_prefix("guestId=").unwrap();
    let parts: Vec<&str> = forge.good.split('.').collect();
    let json = json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] });

    let bearer = http().get(server.url("/agent/me")).bearer_auth(guest);
    assert_eq!(bearer.send().await.unwrap().status(), 401);
    let refused = Agent::connect(&server, guest).await.err();
    assert_eq!(refused.as_deref(), Some("unauthenticated"));
    for (what, token) in [
        ("another issuer", forge.claiming("iss", "evil")),
        ("another audience", forge.claiming("aud", "support-guest")),
        ("another type", forge.headed("typ", "JWT")),
        ("an id token", forge.headed("typ", "id_token+jwt")),
        ("no type", forge.headed("typ", Value::Null)),
        ("five parts", format!("{}.x.y", forge.good)),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("JSON", json.to_string()),
    ] {
        is_refused(&server, what, &token).await;
    }
    // The token is good, only not in the guest's cookie.
    let mislaid = format!("guestId={}", forge.good);
    assert_eq!(Guest::connect(&server, &mislaid).await.err().as_deref(), Some("unauthenticated"));
    assert!(Agent::connect(&server, &forge.good).await.is_ok());
}

/// T24: what a header says of keys is neither looked up nor gone for.
#[tokio::test]
async fn a_header_that_names_a_key_of_its_own_is_refused_and_nobody_is_asked_for_it() {
    let server = Server::start();
    let forge = Forge::of(&server, "alice").await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", elsewhere.local_addr().unwrap());
    let own = URL_SAFE_NO_PAD.encode(b"a key of 32 bytes that is mine..");

    for (field, value) in [
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("jwk", json!({ "kty": "oct", "k": own, "alg": "HS256" })),
        ("x5c", json!(["AAAA"])),
        ("kid", Value::Null),
        ("kid", json!("x' OR 1=1--")),
        ("kid", json!("../../x")),
        ("kid", json!(url)),
        ("kid", json!({ "$ne": null })),
    ] {
        is_refused(&server, &format!("{field} {value}"), &forge.headed(field, value.clone())).await;
    }
    // What says nothing of keys is not refused for saying more.
    assert!(Agent::connect(&server, &forge.headed("cty", "x")).await.is_ok());
    assert_eq!(elsewhere.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// T23: what a handshake says beside the credential is not believed.
#[tokio::test]
async fn a_handshake_that_claims_a_role_is_what_its_record_says() {
    let server = Server::with_admin();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();
    let claims = json!({
        "token": token, "role": "admin", "agentId": "x", "admin": true, "username": "root",
    });
    let mut alice = Client::connect(&server, "/agent", &[], claims).await.unwrap();
    let claims = json!({ "role": "agent", "guestId": "x", "admin": true });
    let headers = [("cookie", maya.cookie.as_str())];
    let mut again = Client::connect(&server, "/guest", &headers, claims).await.unwrap();

    let text = json!({ "ticketId": ticket, "content": "hi", "clientMessageId": "k" });
    let sent = alice.done("message:send", text.clone()).await;
    assert_eq!(sent["message"]["senderName"], "Alice");
    let sent = again.done("message:send", text).await;
    assert_eq!(
        (&sent["message"]["senderRole"], &sent["message"]["senderId"]),
        (&json!("guest"), &json!(maya.id))
    );
    assert_eq!(again.refused("ticket:close", json!({ "ticketId": ticket })).await, "forbidden");
    for path in ["/api/v1/agents", "/api/v1/agents?role=admin"] {
        let request = http().get(server.url(path)).bearer_auth(&token).header("x-role", "admin");
        assert_eq!(request.send().await.unwrap().status(), 403, "{path}");
    }
}

/// T36: a token in an address is none, and is not in the log either.
#[tokio::test]
async fn a_token_in_the_address_is_none_and_is_not_logged() {
    let mut server = Server::with(&[("SUPPORT_LOG", "trace")]);
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();

    for path in ["/agent/me", "/api/v1/tickets", "/api/v1/agents"] {
        for name in ["token", "access_token", "agentToken", "auth"] {
            let response = http().get(server.url(&format!("{path}?{name}={token}"))).send();
            let response = response.await.unwrap();
            let refused = [400, 401].contains(&response.status().as_u16());
            assert!(refused, "{path}?{name}: {}", response.status());
            assert!(!response.text().await.unwrap().contains(&token), "{path}?{name}");
        }
    }
    let query = format!("&token={token}&auth[token]={token}");
    let asked = Client::connect_asking(&server, &query, "/agent", json!({})).await.err();
    assert_eq!(asked.as_deref(), Some("unauthenticated"));

    assert!(server.last_words().iter().all(|line| !line.contains(&token)));
}
