//! The command line of the server: serving, and setting up while nothing serves yet. The only place
//! that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod data;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use support_shared::{
    text::{Name, Username},
    ticket::AgentRole,
};
use tokio::net::TcpListener;

use crate::clock::Source;
use crate::config::{Config, ConfigError, Flags};
use crate::desk::{Actor, Command, NewAgent, Secret, Who};
use crate::server::{Server, StartError, readable_password};
use crate::telemetry;

/// The support desk: one server with an embedded store.
#[derive(Parser)]
#[command(name = "support-server", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Task>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum Task {
    /// Serves until it is told to stop (the default)
    Serve,
    /// Prints the configuration in force, or says what is wrong with it
    CheckConfig,
    /// Agents' accounts, while no server runs
    Agent {
        #[command(subcommand)]
        task: AgentTask,
    },
    #[command(flatten)]
    Data(data::DataTask),
}

#[derive(Subcommand)]
enum AgentTask {
    /// Adds an agent
    Add {
        /// The name to sign in with: 1 to 32 of a-z 0-9 . _ -
        name: String,
        /// May administer agents, settings and data
        #[arg(long)]
        admin: bool,
        /// The name that guests see
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// Reads the password from standard input; without it, one is made and printed
        #[arg(long)]
        password_stdin: bool,
    },
}

/// A failure with the exit status that goes with it (sysexits.h where one fits).
struct Failure(u8, String);

/// Runs the command line.
pub fn main() -> ExitCode {
    telemetry::start();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Failure(71, format!("cannot start: {error}"))),
    };
    let result = runtime.block_on(async {
        let config = Config::load(cli.flags)?;
        match cli.command.unwrap_or(Task::Serve) {
            Task::Serve => serve(config).await,
            Task::CheckConfig => {
                print!("{config}");
                Ok(())
            }
            Task::Agent { task } => agent(config, task).await,
            Task::Data(task) => data::run(&config, task).await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(failure),
    }
}

fn fail(Failure(status, message): Failure) -> ExitCode {
    eprintln!("support-server: {message}");
    ExitCode::from(status)
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self(78, error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let status = match &error {
            StartError::Store(error) => error.exit_status(),
            StartError::Keys(_) => 78,
            StartError::Desk(error) => error.code().exit_status(),
        };
        Self(status, error.to_string())
    }
}

async fn serve(config: Config) -> Result<(), Failure> {
    let listen = config.listen;
    // The port first: a second server by mistake changes nothing on the disk.
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure(69, format!("cannot listen on {listen}: {error}; choose another with --listen"))
    })?;
    let address =
        listener.local_addr().map_err(|error| Failure(71, format!("cannot listen: {error}")))?;
    if !address.ip().is_loopback() && !config.is_behind_tls() {
        eprintln!(
            "warning: others can reach {address} without encryption; put what ends TLS in front \
             and set --public-url https://…"
        );
    }
    let server = Server::open(config, Source::system()).await?;
    if let Some(password) = server.first_password() {
        eprintln!("first start: sign in as admin with the one-time password {password}");
    }
    if cfg!(feature = "page") {
        eprintln!("guest page: http://{address}/");
    }
    let stop = stop_signal().map_err(|error| Failure(71, format!("cannot start: {error}")))?;
    println!("listening on http://{address}");
    server.run(listener, stop).await.map_err(|error| Failure(71, format!("cannot serve: {error}")))
}

/// What ends when the process is asked to: by `SIGTERM`, `SIGINT` or Ctrl-C. A second one ends the
/// process at once. It is listened for from now on, not only when this is first waited for.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        tokio_util::task::TaskTracker::new().spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            std::process::exit(130)
        });
    })
}

async fn agent(config: Config, task: AgentTask) -> Result<(), Failure> {
    let AgentTask::Add { name, admin, display_name, password_stdin } = task;
    let wrong = |what: &str, error: &dyn std::fmt::Display| Failure(2, format!("{what}: {error}"));
    let username = Username::try_from(name).map_err(|error| wrong("name", &error))?;
    let display_name = display_name
        .map(Name::try_from)
        .transpose()
        .map_err(|error| wrong("display name", &error))?;
    let source = Source::system();
    let made = (!password_stdin).then(|| readable_password(&source));
    let password = match &made {
        Some(password) => password.clone(),
        None => std::io::read_to_string(std::io::stdin())
            .map_err(|error| wrong("password", &error))?
            .trim_end_matches(['\r', '\n'])
            .to_owned(),
    };
    let desk = crate::desk::Desk::open(
        &config.store,
        Arc::new(crate::hub::Rooms::default()),
        config.limits.clone(),
        source,
        telemetry::Meter::new(),
    )
    .await
    .map_err(StartError::from)?;
    let new = NewAgent {
        username: username.clone(),
        display_name,
        role: if admin { AgentRole::Admin } else { AgentRole::Agent },
        password: Secret::new(password),
        must_change_password: false,
    };
    let operator = Actor::without_connection(Who::Operator);
    let added = desk.execute(&operator, Command::AddAgent(new)).await;
    desk.close().await;
    added.map_err(|error| Failure(error.code().exit_status(), error.to_string()))?;
    match made {
        Some(password) => println!("added {username} with the password {password}"),
        None => println!("added {username}"),
    }
    Ok(())
}
