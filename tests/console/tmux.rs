//! The console in a real tmux, which counts some pictures otherwise than others do: nothing of one
//! screen is left on the next.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::{
    DEADLINE,
    people::Guest,
    process::Server,
    script::{AGENT, signed_in},
};

/// A tmux of its own, with a console in its only window; ends with the test.
struct Tmux {
    home: tempfile::TempDir,
}

impl Tmux {
    fn open(server: &Server, home: tempfile::TempDir) -> Self {
        let tmux = Self { home };
        let console = [
            format!("SUPPORT_SERVER={}", server.url("")),
            format!("SUPPORT_AGENT_HOME={}", tmux.home.path().display()),
            "SUPPORT_AGENT_NOTIFY=off".to_owned(),
            AGENT.to_owned(),
        ];
        let mut start = vec!["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "env"];
        start.extend(console.iter().map(String::as_str));
        let started = tmux.run(&start);
        assert!(started.status.success(), "{started:?}");
        tmux
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let socket = self.home.path().join("tmux");
        let mut command = Command::new("tmux");
        command.args(["-u", "-S"]).arg(socket).args(arguments);
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        command.output().expect("tests/install installs tmux")
    }

    fn keys(&self, keys: &[&str]) {
        assert!(self.run(&[&["send-keys"], keys].concat()).status.success());
    }

    fn screen(&self) -> String {
        String::from_utf8(self.run(&["capture-pane", "-p"]).stdout).unwrap()
    }

    /// Takes everything off the screen, which the console does not hear of, and lets it draw anew.
    fn anew(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        self.keys(&["-R"]);
        self.until("an empty screen", |screen| screen.trim().is_empty());
        self.keys(&["C-l"]);
        self.until(what, is)
    }

    /// The screen once it is as `is` wants it, and stays so.
    fn until(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        let mut before = String::new();
        loop {
            let screen = self.screen();
            if is(&screen) && screen == before {
                return screen;
            }
            assert!(began.elapsed() < DEADLINE, "{what} was never seen:\n{screen}");
            before = screen;
            std::thread::park_timeout(Duration::from_millis(30));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flags_and_joined_pictures_leave_nothing_behind_in_tmux() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let said = "Hello 👋 flags 🇩🇪🇫🇷 and ❤️ 👩‍👩‍👧 👍🏽 1️⃣ end";
    maya.opens_a_ticket(said).await;
    let tmux = Tmux::open(&server, signed_in(&server, "alice"));

    tmux.until("the queue", |screen| screen.contains("1 open") && screen.contains("Hello"));
    tmux.keys(&["Enter"]);
    let shown = "▌ Hello 👋 flags DEFR and ❤  👩 👍 1  end";
    let ready = |screen: &str| screen.contains(shown) && screen.contains("Alice joined the chat");
    tmux.until(shown, ready);
    // Over the text, away from it, and over it again.
    tmux.keys(&["Escape"]);
    tmux.until("the conversation's keys", |screen| screen.contains("r reply"));
    tmux.keys(&["?"]);
    let help = tmux.until("the help", |screen| screen.contains("Keys that work here"));
    let anew = tmux.anew("the help anew", |screen| screen.contains("Keys that work here"));
    assert_eq!(help, anew);
    tmux.keys(&["Escape"]);
    let back = tmux.until(shown, |screen| ready(screen) && screen.contains("r reply"));
    assert_eq!(back, tmux.anew(shown, ready));
    tmux.keys(&["g", "c"]);
    let empty = tmux.until("an empty list", |screen| screen.contains("No closed tickets"));

    // Three rows of words, a blank one among them, and the keys: nothing of the text is left.
    let below: Vec<&str> =
        empty.lines().skip(4).take(19).filter(|it| !it.trim().is_empty()).collect();
    assert!(below.is_empty(), "{below:?}");
}
