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
use crate::core::timeline::Entry;
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
    let mut messages = std::mem::take(&mut joined.messages);
    let mut more = joined.has_more;
    while more {
        let Some(before) = messages.first().and_then(|message| message.seq) else { break };
        let (_, page) = context.desk.messages::<MessagePage>(&session.token, &name, before).await?;
        more = page.has_more && !page.messages.is_empty();
        let mut earlier = page.messages;
        earlier.append(&mut messages);
        messages = earlier;
    }
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
    let zone = TimeZone::system();
    for message in messages {
        output::line(&transcript(message, &zone))?;
    }
    Ok(())
}

/// A message as a paragraph: when and who, and the text indented below, so that no text can pass
/// for a line of the transcript.
pub(super) fn transcript(message: Message, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(message.created_at.as_millis())
        .map(|instant| instant.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default();
    let Some(entry) = Entry::of(message) else { return String::new() };
    let text = entry.content.shown().replace('\n', "\n    ").replace('\t', "    ");
    match entry.role {
        SenderRole::System => format!("\n{at} {text}"),
        SenderRole::Guest => format!("\n{at} guest {}\n    {text}", entry.name.line(40)),
        SenderRole::Agent => format!("\n{at} agent {}\n    {text}", entry.name.line(40)),
    }
}
