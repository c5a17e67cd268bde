//! `tickets tail`: the conversation and its notes as they go on. It watches silently, over the console's own
//! link, so what a broken connection missed is read when it is back.

use jiff::tz::TimeZone;
use support_shared::answer::Joined;
use support_shared::ids::TicketName;
use support_shared::message::Message;
use support_shared::ticket::{Ticket, TicketStatus};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::path_of;
use super::progress::{Step, Tail};
use super::read::{in_order, transcript};
use crate::cli::{Context, output};
use crate::clock::sleep_or_never;
use crate::core::Msg;
use crate::link::{Link, Order, Patience};
use crate::tty::{Signal, Signals};

/// How much may wait to be printed: beyond it the link waits.
const INBOX: usize = 256;

pub(super) async fn run(context: &Context, ticket: TicketName, json: bool) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let session = context.session().await?;
    let name = path_of(ticket);
    let (_, page) = context.desk.ticket::<Joined<Ticket>>(&session.token, &name).await?;
    let printer = Printer { json, zone: crate::clock::zone() };
    let mut tail = Tail::new(&page);
    for message in in_order(page.messages, page.notes.unwrap_or_default()) {
        printer.print(message)?;
    }
    if page.ticket.status == TicketStatus::Closed {
        return Ok(());
    }
    let (tell, mut inbox) = mpsc::channel(INBOX);
    let desk = context.desk.clone();
    let link = Link::start(desk, context.credentials.clone(), session, Patience::default(), tell)?;
    let outcome = follow(&mut tail, &printer, &link, &mut inbox, &mut signals).await;
    // The receiver first: whoever still has something to tell must not wait for us.
    drop(inbox);
    drop(link);
    outcome
}

async fn follow(
    tail: &mut Tail,
    printer: &Printer,
    link: &Link,
    inbox: &mut mpsc::Receiver<Msg>,
    signals: &mut Signals,
) -> anyhow::Result<()> {
    let mut again_at: Option<Instant> = None;
    loop {
        let steps = tokio::select! {
            signal = signals.next() => match signal {
                Signal::End | Signal::Interrupt => return Ok(()),
                Signal::Continue | Signal::Resize => Vec::new(),
            },
            () = sleep_or_never(again_at) => {
                again_at = None;
                vec![tail.join()]
            }
            msg = inbox.recv() => match msg {
                Some(Msg::Link(event)) => tail.take(event),
                Some(Msg::Fatal(why)) => anyhow::bail!(why),
                Some(_) => Vec::new(),
                None => anyhow::bail!("the connection's thread has ended"),
            },
        };
        for step in steps {
            match step {
                Step::Print(message) => printer.print(*message)?,
                Step::Say(words) => output::complain(&words),
                // A link that does not take it is not connected: it tells when it is.
                Step::Ask(request) => drop(link.order(Order::Ask(request))),
                Step::AskIn(wait) => again_at = Some(Instant::now() + wait),
                Step::End => return Ok(()),
                Step::Fail(failure) => return Err(failure.into()),
            }
        }
    }
}

struct Printer {
    json: bool,
    zone: TimeZone,
}

impl Printer {
    fn print(&self, message: Message) -> anyhow::Result<()> {
        if self.json {
            output::json(&serde_json::to_string(&message)?)?;
        } else {
            output::line(transcript(message, &self.zone).trim_start_matches('\n'))?;
        }
        Ok(())
    }
}
