//! A real Chromium, driven by `WebDriver`. The driver is this test's own process, on a port that it
//! chose itself, and leads a group of its own, which is ended with the test, however that ends.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use thirtyfour::{ChromeCapabilities, prelude::*};
use tokio::time::timeout;

use super::{DEADLINE, people::http, process::At};

/// How long a browser may take to start, and how many are tried.
const START: Duration = Duration::from_secs(30);
const STARTS: usize = 3;

/// The driver, and every browser that it has started: one group of processes.
struct Driver {
    leader: Child,
    /// Where it listens.
    address: String,
}

impl Driver {
    fn start() -> Self {
        let mut leader = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver is installed: see tests/install");
        let stdout = BufReader::new(leader.stdout.take().unwrap());
        let mut lines = stdout.lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let port = line.split_once("successfully on port ")?.1;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        std::thread::spawn(move || lines.for_each(drop));
        let driver = Self { leader, address: format!("http://127.0.0.1:{}", port.unwrap_or(0)) };
        assert!(port.is_some(), "chromedriver says no port");
        driver
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Killed by itself, the driver would leave its browsers behind. It has not been waited for, so
        // that its id, which is the group's, is nobody else's yet.
        let group = format!("-{}", self.leader.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).status();
        let _ = self.leader.wait();
    }
}

/// A browser with a profile of its own.
pub(crate) struct Browser {
    pub(crate) page: WebDriver,
    driver: Driver,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub(crate) async fn open(server: &At) -> Self {
        Self::with(server, |_| {}).await
    }

    /// One that runs no page's scripts.
    pub(crate) async fn without_javascript(server: &At) -> Self {
        let forbid = |options: &mut ChromeCapabilities| {
            let settings = json!({ "profile.managed_default_content_settings.javascript": 2 });
            options.add_experimental_option("prefs", settings).unwrap();
        };
        Self::with(server, forbid).await
    }

    /// One that keeps no cookies of other sites in frames, but those that are set apart, and asks
    /// nobody who has signed a certificate.
    pub(crate) async fn without_third_parties(server: &At) -> Self {
        let forbid = |options: &mut ChromeCapabilities| {
            for flag in ["--ignore-certificate-errors", "--test-third-party-cookie-phaseout"] {
                options.add_arg(flag).unwrap();
            }
        };
        Self::with(server, forbid).await
    }

    /// Opens the page in a browser of its own. Chromium now and then hangs while it starts, on a
    /// machine that is busy: it is started again, which says nothing of the page.
    async fn with(server: &At, choose: impl Fn(&mut ChromeCapabilities)) -> Self {
        for _ in 1..STARTS {
            match timeout(START, Self::start(&choose)).await {
                Ok(Ok(browser)) => return browser.on(server).await,
                Ok(Err(error)) => println!("started again, because of {error}"),
                Err(_) => println!("started again: not there after {START:?}"),
            }
        }
        Self::start(&choose).await.unwrap().on(server).await
    }

    async fn start(choose: impl Fn(&mut ChromeCapabilities)) -> WebDriverResult<Self> {
        let profile = tempfile::tempdir().unwrap();
        let driver = Driver::start();
        let mut options = DesiredCapabilities::chrome();
        for flag in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1000,800",
        ] {
            options.add_arg(flag)?;
        }
        options.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        choose(&mut options);
        let page = WebDriver::new(&driver.address, options).await?;
        Ok(Self { page, driver, _profile: profile })
    }

    async fn on(self, server: &At) -> Self {
        self.page.goto(server.url("/")).await.unwrap();
        self
    }

    /// Writes into the composer and sends.
    pub(crate) async fn send(&self, text: &str) {
        self.write(text).await;
        self.press("#send").await;
    }

    /// Writes into the composer.
    pub(crate) async fn write(&self, text: &str) {
        // A box that is there before its page is would keep the text and nobody would hear of it.
        self.until("return !document.querySelector('#composer').closest('[hidden]')").await;
        self.page.find(By::Id("composer")).await.unwrap().send_keys(text).await.unwrap();
    }

    /// Presses what this selects as soon as it can be pressed. The page may replace or move it at
    /// any time: then it is looked for again.
    pub(crate) async fn press(&self, selector: &str) {
        self.press_by(|| self.page.find(By::Css(selector)), selector).await;
    }

    /// The same with another way to look for it.
    pub(crate) async fn press_by<F: Future<Output = WebDriverResult<WebElement>>>(
        &self,
        look: impl Fn() -> F,
        what: &str,
    ) {
        let began = Instant::now();
        loop {
            let pressed = async {
                let element = look().await?;
                if !element.is_enabled().await? {
                    return Ok(false);
                }
                element.click().await.map(|()| true)
            };
            let problem = match pressed.await {
                Ok(true) => return,
                Ok(false) => "it is disabled".to_owned(),
                Err(error) => error.to_string(),
            };
            assert!(began.elapsed() < DEADLINE, "{what} cannot be pressed: {problem}");
        }
    }

    /// The entries on the page, each as `own:3:sent:text`: whose, its number, its state, its words.
    pub(crate) async fn entries(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('#log .entry')].map((it) => {
            const whose = ['own', 'other', 'system'].find((name) => it.classList.contains(name));
            const text = it.querySelector('.text') ?? it;
            return [whose, it.dataset.seq ?? '', it.dataset.state ?? '', text.textContent].join(':');
        });";
        let answer = self.page.execute(script, Vec::new()).await.unwrap();
        answer.convert().unwrap()
    }

    /// Waits until `script` answers `true`.
    pub(crate) async fn until(&self, script: &str) {
        let began = Instant::now();
        loop {
            let answer = self.page.execute(script, Vec::new()).await.unwrap();
            if answer.json() == &serde_json::Value::Bool(true) {
                return;
            }
            assert!(
                began.elapsed() < DEADLINE,
                "{script} was never true; the page shows {:#?}",
                self.entries().await
            );
        }
    }

    /// Waits until the entries on the page are these.
    pub(crate) async fn shows(&self, expected: &[&str]) {
        let began = Instant::now();
        loop {
            let entries = self.entries().await;
            if entries == expected {
                return;
            }
            assert!(
                began.elapsed() < DEADLINE,
                "expected {expected:#?}, the page shows {entries:#?}"
            );
        }
    }

    /// Waits until the entries on the page are as `are` wants them.
    pub(crate) async fn settles(&self, are: impl Fn(&[String]) -> bool) {
        let began = Instant::now();
        loop {
            let entries = self.entries().await;
            if are(&entries) {
                return;
            }
            assert!(began.elapsed() < DEADLINE, "the page shows {entries:#?}");
        }
    }

    /// The value of a script.
    pub(crate) async fn ask<T: serde::de::DeserializeOwned>(&self, script: &str) -> T {
        self.page.execute(script, Vec::new()).await.unwrap().convert().unwrap()
    }

    /// What `WebDriver` has no word for, by the browser's own protocol.
    pub(crate) async fn devtools(&self, command: &str, params: serde_json::Value) {
        let session = self.page.session_id();
        let url = format!("{}/session/{session}/goog/cdp/execute", self.driver.address);
        let request = http().post(url).json(&json!({ "cmd": command, "params": params }));
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{command}: {}", answer.text().await.unwrap());
    }

    /// Ends the browser. One that a failed test leaves behind is ended with its driver.
    pub(crate) async fn close(self) {
        let page = self.page.clone();
        page.quit().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It would say farewell to the driver, and wait for two minutes for an answer to that.
        let _ = self.page.clone().leak();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::process::Server;

    /// The processes of a group that have not ended.
    fn members(group: u32) -> usize {
        let group = group.to_string();
        let stats = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|it| std::fs::read_to_string(it.ok()?.path().join("stat")).ok());
        // After the name in brackets: state, parent, group.
        let alive = stats.filter(|stat| {
            let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            let mut fields = rest.split_whitespace();
            let (state, of) = (fields.next(), fields.nth(1));
            state.is_some_and(|it| it != "Z" && it != "X") && of == Some(&group)
        });
        alive.count()
    }

    #[tokio::test]
    async fn a_browser_that_a_failed_test_leaves_behind_is_gone_with_all_its_processes() {
        let server = Server::start();
        let browser = Browser::open(&server).await;
        let group = browser.driver.leader.id();
        assert!(members(group) > 2, "the driver, the browser and its helpers");

        drop(browser);

        let began = Instant::now();
        while members(group) > 0 {
            assert!(began.elapsed() < DEADLINE, "{} processes are left", members(group));
            tokio::task::yield_now().await;
        }
    }
}
