//! A real Chromium, driven by `WebDriver`. The driver is this test's own process, on a port that it
//! chose itself, and is ended with the test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::json;
use thirtyfour::{ChromeCapabilities, prelude::*};

use super::{DEADLINE, people::http, process::Server};

/// A browser with a profile of its own.
pub(crate) struct Browser {
    pub(crate) page: WebDriver,
    /// Where the driver listens.
    address: String,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub(crate) async fn open(server: &Server) -> Self {
        Self::with(server, |_| {}).await
    }

    /// One that runs no page's scripts.
    pub(crate) async fn without_javascript(server: &Server) -> Self {
        let forbid = |options: &mut ChromeCapabilities| {
            let settings = json!({ "profile.managed_default_content_settings.javascript": 2 });
            options.add_experimental_option("prefs", settings).unwrap();
        };
        Self::with(server, forbid).await
    }

    async fn with(server: &Server, choose: impl FnOnce(&mut ChromeCapabilities)) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed: see tests/install");
        let stdout = BufReader::new(driver.stdout.take().unwrap());
        let mut lines = stdout.lines().map_while(Result::ok);
        let port: u16 = lines
            .find_map(|line| {
                let port = line.split_once("successfully on port ")?.1;
                port.trim_end_matches('.').parse().ok()
            })
            .unwrap();
        std::thread::spawn(move || lines.for_each(drop));
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
            options.add_arg(flag).unwrap();
        }
        options.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
        choose(&mut options);
        let address = format!("http://127.0.0.1:{port}");
        let page = WebDriver::new(&address, options).await.unwrap();
        let browser = Self { page, address, driver, _profile: profile };
        browser.page.goto(server.url("/")).await.unwrap();
        browser
    }

    /// Writes into the composer and sends.
    pub(crate) async fn send(&self, text: &str) {
        let composer = self.page.find(By::Id("composer")).await.unwrap();
        composer.send_keys(text).await.unwrap();
        self.page.find(By::Id("send")).await.unwrap().click().await.unwrap();
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
        let url = format!("{}/session/{session}/goog/cdp/execute", self.address);
        let request = http().post(url).json(&json!({ "cmd": command, "params": params }));
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{command}: {}", answer.text().await.unwrap());
    }

    /// Ends the browser. One that a failed test leaves behind is ended with its driver.
    pub(crate) async fn close(mut self) {
        let page = self.page.clone();
        page.quit().await.unwrap();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
