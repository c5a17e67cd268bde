//! Which server, and where the console keeps its files.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;
use etcetera::BaseStrategy;
use url::Url;

/// A server that tokens may be sent to: https, or http on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server(Url);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadServer {
    #[error("not a server's address: expected something like https://support.example.com")]
    NotAnAddress,
    #[error(
        "an address without path, name or password is needed, like https://support.example.com"
    )]
    NotAnOrigin,
    #[error(
        "http would send passwords and messages in the clear: use https (http is for this machine only)"
    )]
    InTheClear,
}

impl FromStr for Server {
    type Err = BadServer;

    fn from_str(text: &str) -> Result<Self, BadServer> {
        let url: Url = text.parse().map_err(|_| BadServer::NotAnAddress)?;
        let host = url.host_str().ok_or(BadServer::NotAnAddress)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback =
            host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(BadServer::InTheClear),
            _ => return Err(BadServer::NotAnAddress),
        }
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if plain && url.username().is_empty() && url.password().is_none() {
            Ok(Self(url))
        } else {
            Err(BadServer::NotAnOrigin)
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl Server {
    /// The address of a path of segments, each escaped.
    pub(crate) fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        url
    }

    /// Host and port, for people.
    pub(crate) fn label(&self) -> String {
        let text = self.to_string();
        text.split_once("://").map_or(text.clone(), |(_, rest)| rest.to_owned())
    }

    /// A directory name that no other server has.
    pub(crate) fn file_name(&self) -> String {
        self.to_string()
            .replace("://", "_")
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '_' })
            .collect()
    }
}

/// Where the console keeps what belongs to a server.
pub(crate) fn home(server: &Server) -> anyhow::Result<PathBuf> {
    let asked = std::env::var_os("SUPPORT_AGENT_HOME").filter(|home| !home.is_empty());
    let base = if let Some(home) = asked {
        PathBuf::from(home)
    } else {
        let user = etcetera::choose_base_strategy().context("cannot find the home directory")?;
        user.state_dir().unwrap_or_else(|| user.data_dir()).join("support-agent")
    };
    Ok(base.join(server.file_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_this_machine_only() {
        for good in [
            "http://127.0.0.1:3000",
            "http://localhost",
            "http://[::1]:3000/",
            "https://support.example.com",
        ] {
            assert!(good.parse::<Server>().is_ok(), "{good}");
        }
        for bad in ["http://support.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1"]
        {
            assert_eq!(bad.parse::<Server>(), Err(BadServer::InTheClear), "{bad}");
        }
        for bad in
            ["", "support", "ftp://x", "https://me:pw@x.y", "https://x.y/desk", "https://x.y/?a"]
        {
            assert!(bad.parse::<Server>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_cannot_leave_its_segment() {
        let server: Server = "https://x.y".parse().unwrap();

        assert_eq!(server.at(&["api", "../a/b?c"]).as_str(), "https://x.y/api/..%2Fa%2Fb%3Fc");
        assert_eq!(server.file_name(), "https_x.y");
    }
}
