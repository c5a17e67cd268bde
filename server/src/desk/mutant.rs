//! Broken variants of the desk, one at a time and in tests only: the simulation has to find each of
//! them, or it proves nothing. Each stands as one line where the right thing is done.

use std::cell::Cell;

use support_shared::ticket::AgentName;

use super::{
    announce,
    hub::Hub,
    log::Sender,
    record::TicketRecord,
    store::{Appended, Stored, What},
};

/// What is done wrong (RELIABILITY.md 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    AckBeforeCommit,
    NoUniqueId,
    IdScopeWithoutSender,
    CounterThenInsert,
    EmitInRequestTask,
    NoRoomBeforeRead,
    NoBeacon,
    NoReannounce,
    CloseAsFlag,
    RoleFromPayload,
    NoEpoch,
    NoteSharesSeq,
}

impl Mutant {
    pub(crate) const ALL: [Self; 12] = [
        Self::AckBeforeCommit,
        Self::NoUniqueId,
        Self::IdScopeWithoutSender,
        Self::CounterThenInsert,
        Self::EmitInRequestTask,
        Self::NoRoomBeforeRead,
        Self::NoBeacon,
        Self::NoReannounce,
        Self::CloseAsFlag,
        Self::RoleFromPayload,
        Self::NoEpoch,
        Self::NoteSharesSeq,
    ];
}

thread_local! {
    /// A simulation runs in one thread.
    static CHOSEN: Cell<Option<Mutant>> = const { Cell::new(None) };
}

/// Whether this is what is done wrong in this thread.
pub(crate) fn is(mutant: Mutant) -> bool {
    CHOSEN.get() == Some(mutant)
}

/// Does this wrong from now on, in this thread.
pub(crate) fn choose(mutant: Option<Mutant>) {
    CHOSEN.set(mutant);
}

/// Who a message is from, as it says itself.
pub(crate) fn claimed_role(sender: Sender, content: &str) -> Sender {
    match sender {
        Sender::Guest(id, name)
            if is(Mutant::RoleFromPayload) && content.starts_with("role:agent") =>
        {
            Sender::Agent(AgentName { id: id.to_string().parse().unwrap(), name })
        }
        sender => sender,
    }
}

/// Each request tells of its own entry, when it comes to it.
pub(crate) fn emit_in_request_task(appended: &Appended, hub: &dyn Hub) {
    if let Appended::New(ticket, message) = appended
        && is(Mutant::EmitInRequestTask)
    {
        let what = What::Entry(message.clone());
        announce::tell(&Stored { ticket: TicketRecord::clone(ticket), what }, hub);
    }
}

/// Takes a number, or decides, in one step and writes in another.
pub(crate) async fn between_two_writes() {
    if is(Mutant::CounterThenInsert) || is(Mutant::CloseAsFlag) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
