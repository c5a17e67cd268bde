//! The command line: arguments, exit status, and which part of the program they call.

mod agents;
mod auth;
mod canned;
mod input;
mod output;
mod settings;
mod tickets;

use std::io::{IsTerminal, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use support_shared::{ApiError, ErrorCode};

use crate::app;
use crate::clock;
use crate::config::{self, Flags, Problems, Server, Settings};
use crate::credentials::{Credentials, Session};
use crate::log;
use crate::ops::{Desk, Failure};
use crate::plain;
use crate::text::Untrusted;
use crate::tty::Cancelled;

/// Answer support tickets from a terminal. Without a command: the console.
#[derive(Debug, Parser)]
#[command(
    name = "support-agent",
    bin_name = "support-agent",
    version,
    disable_help_subcommand = true
)]
struct Cli {
    #[arg(
        long,
        global = true,
        env = "SUPPORT_SERVER",
        value_name = "URL",
        help = "The support server: https, or http on this machine [default: http://127.0.0.1:3000]"
    )]
    server: Option<Server>,
    /// The file of settings [default: support-agent/config.toml where such files are kept]
    #[arg(long, global = true, env = "SUPPORT_AGENT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(long, global = true, help = "No colours, as with NO_COLOR in the environment")]
    no_color: bool,
    /// The console as plain lines, for screen readers and pipes: words in, no cursor control out
    #[arg(long)]
    plain: bool,
    /// The wheel scrolls and a click selects; the terminal's own selection needs Shift then
    #[arg(
        long,
        env = "SUPPORT_AGENT_MOUSE",
        value_name = "YES",
        value_parser = FalseyValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    mouse: Option<bool>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign in and keep the token
    Login(auth::Login),
    /// Sign out and forget the token
    Logout,
    /// Say who is signed in
    Me(Json),
    /// List, read, answer and close tickets
    #[command(subcommand)]
    Tickets(tickets::Tickets),
    /// List, add and change agents (for admins)
    #[command(subcommand)]
    Agents(agents::Agents),
    /// List canned replies; add, edit and remove them (for admins)
    #[command(subcommand)]
    Canned(canned::CannedCommand),
    /// Check the settings
    #[command(subcommand)]
    Config(settings::ConfigCommand),
    /// Print the keys in force as a table (Markdown)
    Keys,
}

#[derive(Debug, Args)]
struct Json {
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

/// What every command needs: the desk, and who we are to it.
struct Context {
    desk: Desk,
    credentials: Credentials,
}

/// Nobody is signed in to this server.
#[derive(Debug, thiserror::Error)]
#[error("not signed in to {0}: run support-agent login")]
struct NotSignedIn(Server);

/// A one-time password, and nobody to ask for a new one.
#[derive(Debug, thiserror::Error)]
#[error(
    "the password was for one use: give a new one as the second line with --new-password-stdin (password_change_required)"
)]
struct PasswordChangeRequired;

pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let status = u8::try_from(error.exit_code()).unwrap_or(2);
            if status != 0 && wants_json() {
                let words = error.render().to_string();
                output::complain_json(&ApiError::new(ErrorCode::Invalid, words.trim()));
            } else {
                // Printing fails only when nobody reads.
                let _ = error.print();
            }
            return ExitCode::from(status);
        }
    };
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

fn start(cli: Cli) -> anyhow::Result<()> {
    log::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(run(cli));
    // A read of the terminal may still be under way; it must not keep us.
    runtime.shutdown_background();
    outcome
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let flags =
        Flags { server: cli.server, config: cli.config, no_color: cli.no_color, mouse: cli.mouse };
    let settings = Settings::load(&flags)?;
    let Some(command) = cli.command else {
        if cli.plain {
            return plain(settings.server).await;
        }
        if !stdin().is_terminal() || !stdout().is_terminal() {
            let text = "the console needs a terminal; for pipes there is --plain, for scripts support-agent --help";
            return Err(output::Usage(text.to_owned()).into());
        }
        return app::run(settings).await;
    };
    match &command {
        Command::Config(settings::ConfigCommand::Check) => return settings::check(&settings),
        Command::Keys => return settings::keys(&settings),
        _ => {}
    }
    let credentials = Credentials::in_home(&config::home(&settings.server)?);
    let context = Context { desk: Desk::new(settings.server), credentials };
    match command {
        Command::Login(login) => auth::login(&context, login).await,
        Command::Logout => auth::logout(&context).await,
        Command::Me(form) => auth::me(&context, form.json).await,
        Command::Tickets(tickets) => tickets::run(&context, tickets).await,
        Command::Agents(agents) => agents::run(&context, agents).await,
        Command::Canned(canned) => canned::run(&context, canned).await,
        // They need no desk and have been done.
        Command::Config(_) | Command::Keys => Ok(()),
    }
}

/// The line mode. It asks for no password: that would need control of the cursor.
async fn plain(server: Server) -> anyhow::Result<()> {
    let credentials = Credentials::in_home(&config::home(&server)?);
    match credentials.load(clock::now())? {
        Some(session) if session.agent.must_change_password => Err(PasswordChangeRequired.into()),
        Some(session) => plain::run(Desk::new(server), session).await,
        None => Err(NotSignedIn(server).into()),
    }
}

impl Context {
    /// The stored session, renewed if it ends soon.
    async fn session(&self) -> anyhow::Result<Session> {
        let now = clock::now();
        let Some(session) = self.credentials.load(now)? else {
            return Err(NotSignedIn(self.desk.server().clone()).into());
        };
        if session.renew_at() > now {
            return Ok(session);
        }
        let renewed = self.desk.refresh(&session.token).await?;
        self.credentials.save(&renewed)?;
        Ok(renewed)
    }
}

/// Says what went wrong on standard error, and with which status to end. Who asked for JSON reads
/// the error as the contract says it.
fn report(error: &anyhow::Error) -> ExitCode {
    if output::is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    if error.is::<Cancelled>() {
        output::complain(&error.to_string());
        return ExitCode::from(130);
    }
    let said = api_error(error);
    if wants_json() {
        output::complain_json(&said);
    } else {
        output::complain(&Untrusted::from(format!("{error:#}")).shown());
    }
    ExitCode::from(said.code.exit_status())
}

fn api_error(error: &anyhow::Error) -> ApiError {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        let mut said = failure.error();
        if error.chain().count() > 1 {
            // What we know about it comes first, as in the sentence.
            said.message = format!("{error}: {}", said.message);
        }
        return said;
    }
    let code = if error.is::<NotSignedIn>() {
        ErrorCode::Unauthenticated
    } else if error.is::<PasswordChangeRequired>() {
        ErrorCode::PasswordChangeRequired
    } else if let Some(unfinished) = error.downcast_ref::<plain::Unfinished>() {
        unfinished.code
    } else if error.is::<output::Usage>() || error.is::<Problems>() {
        ErrorCode::Invalid
    } else {
        ErrorCode::Internal
    };
    ApiError::new(code, format!("{error:#}"))
}

/// Whether JSON was asked for; looked up in the arguments themselves, which may not make sense.
fn wants_json() -> bool {
    let flags = std::env::args_os().skip(1).take_while(|argument| argument != "--");
    flags.into_iter().any(|argument| argument == "--json")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// What is printed for these arguments, under whatever name the program was started.
    fn complaint(arguments: &str) -> String {
        let words = std::iter::once("/opt/renamed").chain(arguments.split_whitespace());
        Cli::try_parse_from(words).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_arguments_make_sense_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_calls_the_program_by_its_own_name() {
        for arguments in ["--help", "tickets --help", "agents add --help", "tickets assign"] {
            let text = complaint(arguments);
            assert!(text.contains("Usage: support-agent"), "{text}");
            assert!(!text.contains("renamed"), "{text}");
        }
    }

    #[test]
    fn a_ticket_goes_to_one_agent_or_to_nobody() {
        assert_eq!(complaint("tickets assign K7Q4MD me"), "");
        assert_eq!(complaint("tickets assign K7Q4MD --nobody --note see"), "");
        assert!(!complaint("tickets assign K7Q4MD").is_empty());
        assert!(!complaint("tickets assign K7Q4MD me --nobody").is_empty());
    }

    #[test]
    fn a_tagging_changes_something() {
        assert_eq!(complaint("tickets tag K7Q4MD --add a --add b --remove c --priority low"), "");
        assert!(!complaint("tickets tag K7Q4MD").is_empty());
        assert!(!complaint("tickets tag K7Q4MD --priority soon").is_empty());
    }

    #[test]
    fn a_text_that_looks_like_a_flag_is_not_sent_by_mistake() {
        assert!(!complaint("tickets reply K7Q4MD --jsn").is_empty());
        assert_eq!(complaint("tickets reply K7Q4MD -- --jsn"), "");
    }
}
