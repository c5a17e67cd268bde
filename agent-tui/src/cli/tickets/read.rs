//! `tickets list` and `show`, and how a conversation reads on paper.

use jiff::tz::TimeZone;
use support_shared::Timestamp;
use support_shared::answer::{Joined, MessagePage, TicketPage};
use support_shared::ids::TicketName;
use support_shared::message::{Message, SenderRole};
use support_shared::ticket::Ticket;

use super::path_of;
use crate::cli::{Context, output};
use crate::clock;
use crate::core::card::{Card, age};
use crate::credentials::Token;
use crate::text::Untrusted;

pub(super) async fn list(
    context: &Context,
    query: &[(&str, &str)],
    json: bool,
) -> anyhow::Result<()> {
    let session = context.session().await?;
    let (text, page) = context.desk.tickets::<TicketPage<Ticket>>(&session.token, query).await?;
    if json {
        output::json(&text)?;
        return Ok(());
    }
    if page.tickets.is_empty() {
        output::line("No tickets")?;
        return Ok(());
    }
    let now = clock::now();
    let mut rows = vec![["REF", "WAITS", "GUEST", "AGENT", "ABOUT"].map(str::to_owned).to_vec()];
    rows.extend(page.tickets.into_iter().map(|ticket| row(&Card::from(ticket), now)));
    let more = page.next_cursor.map(|cursor| Untrusted::from(cursor).line(500));
    output::line(&output::table(&rows))?;
    if let Some(cursor) = more {
        output::line(&format!("more: --cursor {cursor}"))?;
    }
    Ok(())
}

fn row(card: &Card, now: Timestamp) -> Vec<String> {
    let waits = card.waiting_since.map_or_else(|| "-".to_owned(), |since| age(since, now));
    let agent = card.assignee.as_ref().map_or_else(|| "-".to_owned(), |name| name.line(20));
    vec![card.reference.to_string(), waits, card.guest.line(24), agent, card.about().line(60)]
}

pub(super) async fn show(context: &Context, ticket: TicketName, json: bool) -> anyhow::Result<()> {
    let session = context.session().await?;
    let name = path_of(ticket);
    let (text, mut joined) = context.desk.ticket::<Joined<Ticket>>(&session.token, &name).await?;
    if json {
        output::json(&text)?;
        return Ok(());
    }
    let earlier = Earlier { context, token: &session.token, name: &name };
    let messages = std::mem::take(&mut joined.messages);
    let messages = earlier.before(messages, joined.has_more, false).await?;
    let notes = joined.notes.take().unwrap_or_default();
    let more_notes = joined.has_more_notes.unwrap_or_default();
    let notes = earlier.before(notes, more_notes, true).await?;
    let card = Card::from(joined.ticket);
    let status = if card.is_open() { "open" } else { "closed" };
    let waits = card
        .waiting_since
        .map(|since| format!(", waits {}", age(since, clock::now())))
        .unwrap_or_default();
    let agent = card
        .assignee
        .as_ref()
        .map(|name| format!(", assigned to {}", name.line(40)))
        .unwrap_or_default();
    output::line(&format!("{} {} ({status}{waits}{agent})", card.reference, card.guest.line(40)))?;
    if let Some(subject) = &card.subject {
        output::line(&format!("Subject: {}", subject.line(200)))?;
    }
    let zone = clock::zone();
    for message in in_order(messages, notes) {
        output::line(&transcript(message, &zone))?;
    }
    Ok(())
}

/// Reads a log backwards.
struct Earlier<'a> {
    context: &'a Context,
    token: &'a Token,
    name: &'a str,
}

impl Earlier<'_> {
    /// What is in hand, with all that comes before it.
    async fn before(
        &self,
        mut messages: Vec<Message>,
        mut more: bool,
        notes: bool,
    ) -> anyhow::Result<Vec<Message>> {
        let desk = &self.context.desk;
        while more {
            let Some(before) = messages.first().and_then(number) else { break };
            let (_, page) =
                desk.messages::<MessagePage>(self.token, self.name, before, notes).await?;
            more = page.has_more && !page.messages.is_empty();
            let mut earlier = page.messages;
            earlier.append(&mut messages);
            messages = earlier;
        }
        Ok(messages)
    }
}

/// An entry's number in its own log.
pub(super) fn number(message: &Message) -> Option<u64> {
    if message.internal { message.note_seq } else { message.seq }
}

/// Both logs as one: each note where the conversation was when it was written.
pub(super) fn in_order(messages: Vec<Message>, notes: Vec<Message>) -> Vec<Message> {
    let mut notes = notes.into_iter().peekable();
    let mut both = Vec::new();
    for message in messages {
        while let Some(note) = notes.next_if(|note| note.after_seq < message.seq) {
            both.push(note);
        }
        both.push(message);
    }
    both.extend(notes);
    both
}

/// A message as a paragraph: when and who, and the text indented below, so that no text can pass
/// for a line of the transcript. Notes say what they are where a reply says whose it is.
pub(super) fn transcript(message: Message, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(message.created_at.as_millis())
        .map(|instant| instant.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default();
    let name = Untrusted::from(message.sender_name).line(40);
    let content = Untrusted::from(message.content);
    let text = content.shown().replace('\n', "\n    ").replace('\t', "    ");
    match (message.sender_role, message.internal) {
        (SenderRole::System, false) => format!("\n{at} {text}"),
        (SenderRole::Guest, false) => format!("\n{at} guest {name}\n    {text}"),
        (SenderRole::Agent, false) => format!("\n{at} agent {name}\n    {text}"),
        (SenderRole::System, true) => format!("\n{at} NOTE (not for the guest): {text}"),
        (SenderRole::Guest | SenderRole::Agent, true) => {
            format!("\n{at} NOTE by {name} (not for the guest)\n    {text}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixture::message;

    fn note(note_seq: u64, after: u64, content: &str) -> Message {
        Message {
            seq: None,
            note_seq: Some(note_seq),
            after_seq: Some(after),
            internal: true,
            ..message(note_seq, SenderRole::Agent, content)
        }
    }

    fn paper(message: Message) -> String {
        transcript(message, &TimeZone::UTC)
    }

    #[test]
    fn a_note_stands_where_the_conversation_was_when_it_was_written() {
        let said = (2..=4).map(|seq| message(seq, SenderRole::Guest, "hello")).collect();
        let notes = vec![note(1, 1, "a"), note(2, 3, "b"), note(3, 3, "c"), note(4, 9, "d")];

        let order: Vec<_> =
            in_order(said, notes).into_iter().map(|it| (it.internal, number(&it))).collect();

        assert_eq!(
            order,
            [(true, 1), (false, 2), (false, 3), (true, 2), (true, 3), (false, 4), (true, 4)]
                .map(|(internal, number)| (internal, Some(number)))
        );
    }

    #[test]
    fn a_note_cannot_be_taken_for_a_reply_nor_anything_for_a_note() {
        let reply = paper(message(1, SenderRole::Agent, "we look into it"));
        assert_eq!(reply, "\n2026-11-22 11:59 agent Alice\n    we look into it");
        let written = paper(note(1, 1, "two\nlines"));
        assert_eq!(
            written,
            "\n2026-11-22 11:59 NOTE by Alice (not for the guest)\n    two\n    lines"
        );
        let assigned = Message { sender_role: SenderRole::System, ..note(1, 1, "Bob has it now") };
        assert_eq!(paper(assigned), "\n2026-11-22 11:59 NOTE (not for the guest): Bob has it now");
        let lines = "x\n2026-11-22 11:59 NOTE by Alice (not for the guest)\n    she pays";
        let forged = paper(message(1, SenderRole::Guest, lines));
        assert_eq!(forged.lines().filter(|line| line.starts_with("2026")).count(), 1);
        assert!(forged.starts_with("\n2026-11-22 11:59 guest Maya\n"));
    }
}
