//! Promises about guests, agents, their sessions and the audit.

use super::*;

pub(super) async fn a_guests_new_name_is_on_its_tickets(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let renamed = Guest { name: Some("Mia".to_owned()), ..ticket.guest.clone() };

    place.store.change_guest(renamed.clone()).await.unwrap();

    let facts = place.store.facts(Whose::Guest(renamed.id), None).await.unwrap();
    assert_eq!(facts.guest, Some(renamed.clone()));
    assert_eq!(place.store.ticket(ticket.id).await.unwrap().unwrap().guest, renamed);
}

pub(super) async fn a_username_is_given_once(place: &mut Place) {
    let first = agent("alice");

    assert!(place.store.add_agent(first.clone()).await.unwrap());
    assert!(!place.store.add_agent(agent("alice")).await.unwrap());
    assert!(place.store.add_agent(agent("bob")).await.unwrap());
    let found = place.store.agent_by_name("alice".to_owned()).await.unwrap().unwrap();
    assert_eq!(found.id, first.id);
    assert_eq!(place.store.agents().await.unwrap().len(), 2);
}

pub(super) async fn changing_an_agent_ends_its_other_sessions(place: &mut Place) {
    let alice = agent("alice");
    let bob = agent("bob");
    let session = |agent: &AgentRecord| SessionRecord {
        id: SessionId::from_ulid(ulid()),
        agent: agent.id,
        ends_at: time(1000),
        ended: false,
    };
    let (kept, other, strange) = (session(&alice), session(&alice), session(&bob));
    for agent in [&alice, &bob] {
        place.store.add_agent(agent.clone()).await.unwrap();
    }
    let add = async |session: &SessionRecord, hash: &str| {
        place.store.add_session(session.clone(), hash.to_owned(), time(0)).await.unwrap()
    };
    for session in [&kept, &other, &strange] {
        assert!(add(session, "hash").await);
    }
    // Proved by a password that is the agent's no more.
    assert!(!add(&session(&alice), "another").await);
    let change = AgentChange {
        password_hash: Some("new".to_owned()),
        must_change_password: Some(false),
        ..AgentChange::default()
    };

    let changed = place.store.change_agent(alice.id, change, Some(kept.id)).await.unwrap();
    assert_eq!(changed, Changed::Done);

    let ended = async |id| place.store.session(id).await.unwrap().unwrap().ended;
    assert!(!ended(kept.id).await);
    assert!(ended(other.id).await);
    assert!(!ended(strange.id).await);
    let whose = Whose::Agent(alice.id, kept.id);
    let changed = place.store.facts(whose, None).await.unwrap().agent.unwrap();
    assert_eq!(changed.password_hash, "new");
    assert!(!changed.must_change_password);
    place.store.end_session(kept.id).await.unwrap();
    assert!(ended(kept.id).await);
}

pub(super) async fn of_sessions_it_says_which_have_ended(place: &mut Place) {
    let (alice, bob) = (agent("alice"), agent("bob"));
    let id = || SessionId::from_ulid(ulid());
    let (stands, ended, unknown, others) = (id(), id(), id(), id());
    for (agent, sessions) in [(&alice, vec![stands, ended]), (&bob, vec![others])] {
        place.store.add_agent(agent.clone()).await.unwrap();
        for id in sessions {
            let session = SessionRecord { id, agent: agent.id, ends_at: time(1000), ended: false };
            assert!(place.store.add_session(session, "hash".to_owned(), time(0)).await.unwrap());
        }
    }
    place.store.end_session(ended).await.unwrap();

    let asked = vec![unknown, stands, ended, others];
    assert_eq!(place.store.ended_sessions(asked).await.unwrap(), [unknown, ended]);
    assert_eq!(place.store.ended_sessions(Vec::new()).await.unwrap(), []);
}

pub(super) async fn the_last_admin_stays(place: &mut Place) {
    let admin = |name: &str| AgentRecord { role: AgentRole::Admin, ..agent(name) };
    let (one, two) = (admin("one"), admin("two"));
    place.store.add_agent(one.clone()).await.unwrap();
    place.store.add_agent(agent("alice")).await.unwrap();
    let change = async |agent: &AgentRecord, change| {
        place.store.change_agent(agent.id, change, None).await.unwrap()
    };
    let disable = || AgentChange { disabled: Some(true), ..AgentChange::default() };
    let demote = || AgentChange { role: Some(AgentRole::Agent), ..AgentChange::default() };

    assert_eq!(change(&one, disable()).await, Changed::LastAdmin);
    assert_eq!(change(&one, demote()).await, Changed::LastAdmin);
    place.store.add_agent(two.clone()).await.unwrap();
    assert_eq!(change(&one, disable()).await, Changed::Done);
    assert_eq!(change(&two, demote()).await, Changed::LastAdmin);
    assert_eq!(change(&agent("nobody"), disable()).await, Changed::NoAgent);
}

pub(super) async fn the_audit_keeps_what_it_is_told(place: &mut Place) {
    assert_eq!(place.store.last_audit().await.unwrap(), None);
    let audit = |who: &str, result| Audit {
        at: time(1),
        who: who.to_owned(),
        what: "SignIn".to_owned(),
        object: None,
        result,
    };

    place.store.audit(audit("stranger", "invalid_credentials")).await.unwrap();
    place.store.audit(audit("alice", "ok")).await.unwrap();
    place.restart().await;

    let last = place.store.last_audit().await.unwrap();
    assert_eq!(last, Some((2, "alice SignIn - ok".to_owned())));
}
