//! `tickets …`: what the console does, from a shell.

mod change;
mod progress;
mod read;
mod say;
mod tail;

use clap::{Args, Subcommand, ValueEnum};
use support_shared::ids::TicketName;

use super::Context;

#[derive(Debug, Subcommand)]
pub(super) enum Tickets {
    /// List tickets, the longest waiting first
    List {
        /// Which tickets
        #[arg(long, value_enum, default_value_t = Status::Open)]
        status: Status,
        /// Whose: me, none, or an agent's id
        #[arg(long)]
        assignee: Option<String>,
        /// How many at most
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        limit: Option<u64>,
        /// Where the page before ended (its nextCursor)
        #[arg(long)]
        cursor: Option<String>,
        /// Print what the server answers
        #[arg(long)]
        json: bool,
    },
    /// Show a ticket, its conversation and its notes
    Show {
        /// The ticket's ref or id
        #[arg(value_name = "REF")]
        ticket: TicketName,
        /// Print what the server answers (the latest page of messages)
        #[arg(long)]
        json: bool,
    },
    /// Print a conversation's latest messages and notes and what comes after them, until the ticket
    /// is closed
    Tail {
        /// The ticket's ref or id
        #[arg(value_name = "REF")]
        ticket: TicketName,
        /// Print each message as the server wrote it, one a line
        #[arg(long)]
        json: bool,
    },
    /// Write to the guest
    Reply(Say),
    /// Write a note, which no guest sees
    Note(Say),
    /// Make a ticket yours, unless somebody has it
    Claim {
        #[command(flatten)]
        which: Which,
        /// Even if somebody has it
        #[arg(long)]
        take: bool,
    },
    /// Say who answers for a ticket
    #[command(override_usage = "support-agent tickets assign [OPTIONS] <REF> <AGENT|--nobody>")]
    Assign(Assign),
    /// Change a ticket's tags and priority
    #[command(
        override_usage = "support-agent tickets tag [OPTIONS] <REF> <--add TAG|--remove TAG|--priority PRIORITY>..."
    )]
    Tag(Tag),
    /// Close a ticket; its guest's page becomes read-only
    Close {
        #[command(flatten)]
        which: Which,
        /// Why; the guest can read it
        #[arg(long)]
        reason: Option<String>,
    },
    /// Open a closed ticket again
    Reopen(Which),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Status {
    Open,
    Closed,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The ticket's ref or id
    #[arg(value_name = "REF")]
    ticket: TicketName,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Say {
    #[command(flatten)]
    which: Which,
    /// What to write; without it, standard input
    text: Option<String>,
}

#[derive(Debug, Args)]
#[group(id = "whom", required = true, multiple = false, args = ["agent", "nobody"])]
pub(super) struct Assign {
    #[command(flatten)]
    which: Which,
    /// Who: me, an agent's id or, for admins, a username
    agent: Option<String>,
    /// Back to the queue
    #[arg(long)]
    nobody: bool,
    /// A word to the colleague, which no guest sees
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

#[derive(Debug, Args)]
#[group(id = "changes", required = true, multiple = true, args = ["add", "remove", "priority"])]
pub(super) struct Tag {
    #[command(flatten)]
    which: Which,
    /// A tag to add; may be given several times
    #[arg(long, value_name = "TAG")]
    add: Vec<String>,
    /// A tag to remove; may be given several times
    #[arg(long, value_name = "TAG")]
    remove: Vec<String>,
    /// How urgent it is
    #[arg(long, value_parser = ["low", "normal", "high", "urgent"])]
    priority: Option<String>,
}

pub(super) async fn run(context: &Context, command: Tickets) -> anyhow::Result<()> {
    match command {
        Tickets::List { status, assignee, limit, cursor, json } => {
            let limit = limit.map(|limit| limit.to_string());
            let status = if status == Status::Open { "open" } else { "closed" };
            let mut query = vec![("status", status)];
            query.extend(assignee.as_deref().map(|value| ("assignee", value)));
            query.extend(limit.as_deref().map(|value| ("limit", value)));
            query.extend(cursor.as_deref().map(|value| ("cursor", value)));
            read::list(context, &query, json).await
        }
        Tickets::Show { ticket, json } => read::show(context, ticket, json).await,
        Tickets::Tail { ticket, json } => tail::run(context, ticket, json).await,
        Tickets::Reply(say) => say::run(context, say, false).await,
        Tickets::Note(say) => say::run(context, say, true).await,
        Tickets::Claim { which, take } => change::claim(context, which, take).await,
        Tickets::Assign(assign) => change::assign(context, assign).await,
        Tickets::Tag(tag) => change::tag(context, tag).await,
        Tickets::Close { which, reason } => change::close(context, which, reason.as_deref()).await,
        Tickets::Reopen(which) => change::reopen(context, which).await,
    }
}

fn path_of(ticket: TicketName) -> String {
    match ticket {
        TicketName::Id(id) => id.to_string(),
        TicketName::Ref(reference) => reference.to_string(),
    }
}
