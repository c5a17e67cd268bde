//! What an operator sets: by flag, by environment variable or in a file, under one name. The only
//! reader of the environment; checked whole before anything is opened.

mod environment;

use std::collections::BTreeMap;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;

use crate::desk::{Limits, Storage};
use crate::http::{network::Proxies, origin::Origin};

/// The flags of the command line, each also an environment variable. What is not set here is taken
/// from the file, and else is the default.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:3000]
    #[arg(long, global = true, env = "SUPPORT_LISTEN", value_name = "ADDR")]
    pub listen: Option<String>,

    /// Directory of the embedded store and the keys [default: support-data]
    #[arg(long, global = true, env = "SUPPORT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Where everything is kept: `sqlite` (in the data directory) or `mongodb://…` [default: sqlite]
    #[arg(long, global = true, env = "SUPPORT_STORE", value_name = "URL", hide_env_values = true)]
    pub store: Option<String>,

    /// Where guests reach the desk, such as <https://chat.example.com>
    #[arg(long, global = true, env = "SUPPORT_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Sites that may show the guest page in a frame, such as <https://shop.example>, with commas between
    #[arg(
        long,
        global = true,
        env = "SUPPORT_EMBED_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ','
    )]
    pub embed_origins: Vec<String>,

    /// Proxies whose `X-Forwarded-For` is believed: addresses or networks, with commas between
    #[arg(
        long,
        global = true,
        env = "SUPPORT_TRUSTED_PROXIES",
        value_name = "NETS",
        value_delimiter = ','
    )]
    pub trusted_proxies: Vec<String>,

    /// Address for Prometheus to read figures from; off unless set
    #[arg(long, global = true, env = "SUPPORT_METRICS", value_name = "ADDR")]
    pub metrics: Option<String>,

    /// Configuration file (TOML): the flags' names with `_` for `-`, and a table `limits`
    #[arg(long, global = true, env = "SUPPORT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the embedded store and the keys are.
    pub data: PathBuf,
    /// Where everything but the keys is kept.
    pub(crate) store: Storage,
    /// Where guests reach the desk; without it, the host that a request was sent to is believed.
    pub(crate) public_url: Option<Origin>,
    /// Sites that may show the guest page in a frame.
    pub(crate) embed_origins: Vec<Origin>,
    /// Whose word about a client's address is taken.
    pub(crate) trusted_proxies: Proxies,
    /// Where figures are served, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// How much is too much.
    pub limits: Limits,
}

/// A setting that cannot be. It is named.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {0}: {1}")]
    File(PathBuf, #[source] std::io::Error),
    /// The file says something that it cannot.
    #[error("the configuration file {0} is wrong: {1}")]
    Form(PathBuf, String),
    /// Everybody may read the file, and something in it is a secret.
    #[error(
        "{1}: the configuration file {0} has a password in it and everybody can read it: chmod 600 it"
    )]
    Readable(PathBuf, &'static str),
    /// A value is not one.
    #[error("{0}")]
    Value(String),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    data: Option<PathBuf>,
    store: Option<String>,
    public_url: Option<String>,
    #[serde(default)]
    embed_origins: Vec<String>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    metrics: Option<String>,
    #[serde(default)]
    limits: toml::Table,
}

impl Config {
    /// The configuration that flags, environment and file make together, in this order of weight.
    pub fn load(flags: Flags) -> Result<Self, ConfigError> {
        let variables = std::env::vars_os();
        let text = |it: std::ffi::OsString| it.to_string_lossy().into_owned();
        let variables = variables.map(|(name, value)| (text(name), text(value)));
        Self::assemble(
            flags,
            &variables.filter(|(name, _)| name.starts_with(environment::PREFIX)).collect(),
        )
    }

    /// Whether the operator says that the desk is reached by https.
    pub(crate) fn is_behind_tls(&self) -> bool {
        self.public_url.as_ref().is_some_and(Origin::is_secure)
    }

    fn assemble(flags: Flags, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        environment::refuse_unknown(environment.iter())?;
        let file = match &flags.config {
            Some(path) => read(path)?,
            None => File::default(),
        };
        let mut limits = Limits::default();
        for (name, value) in &file.limits {
            let number = value.as_integer().map_or_else(|| value.to_string(), |it| it.to_string());
            limits.set(name, &number).map_err(ConfigError::Value)?;
        }
        for name in Limits::NAMES {
            let variable = environment::of_limit(name);
            if let Some(value) = environment.get(&variable) {
                let wrong = |error| ConfigError::Value(format!("{variable}: {error}"));
                limits.set(name, value).map_err(wrong)?;
            }
        }
        for (name, value) in limits.values() {
            if value == 0 && Limits::NEEDED.contains(&name) {
                let text = format!("limits.{name}: nothing works with 0; choose a number from 1");
                return Err(ConfigError::Value(text));
            }
        }
        let public_url = flags.public_url.or(file.public_url).map(|url| {
            Origin::parse(url.trim_end_matches('/')).ok_or_else(|| {
                ConfigError::Value(format!("public_url: {url} is not http(s)://host[:port]"))
            })
        });
        let embedding =
            if flags.embed_origins.is_empty() { file.embed_origins } else { flags.embed_origins };
        let proxies = if flags.trusted_proxies.is_empty() {
            file.trusted_proxies
        } else {
            flags.trusted_proxies
        };
        let data = flags.data.or(file.data).unwrap_or_else(|| PathBuf::from("support-data"));
        let store = flags.store.or(file.store).unwrap_or_else(|| "sqlite".to_owned());
        let store = Storage::parse(&store, data.clone())
            .map_err(|error| ConfigError::Value(format!("store: {error}")))?;
        Ok(Self {
            store,
            data,
            embed_origins: embedding
                .iter()
                .map(|it| embedder(it.trim()))
                .collect::<Result<_, _>>()?,
            trusted_proxies: Proxies(
                proxies.iter().map(|it| network(it)).collect::<Result<_, _>>()?,
            ),
            metrics: address("metrics", flags.metrics.or(file.metrics))?,
            listen: address("listen", flags.listen.or(file.listen))?.unwrap_or(DEFAULT_LISTEN),
            public_url: public_url.transpose()?,
            limits,
        })
    }
}

impl std::fmt::Display for Config {
    /// The configuration as the file that would make it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |value: &str| toml::Value::String(value.to_owned());
        writeln!(f, "listen = {}", text(&self.listen.to_string()))?;
        writeln!(f, "data = {}", text(&self.data.to_string_lossy()))?;
        writeln!(f, "store = {}", text(&self.store.to_string()))?;
        if let Some(url) = &self.public_url {
            writeln!(f, "public_url = {}", text(&url.to_string()))?;
        }
        let embedding = self.embed_origins.iter().map(|it| text(&it.to_string())).collect();
        writeln!(f, "embed_origins = {}", toml::Value::Array(embedding))?;
        let proxies = self.trusted_proxies.0.iter().map(|it| text(&it.to_string())).collect();
        writeln!(f, "trusted_proxies = {}", toml::Value::Array(proxies))?;
        if let Some(address) = self.metrics {
            writeln!(f, "metrics = {}", text(&address.to_string()))?;
        }
        writeln!(f, "\n[limits]")?;
        self.limits.values().try_for_each(|(name, value)| writeln!(f, "{name} = {value}"))
    }
}

const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 3000);

fn address(name: &str, text: Option<String>) -> Result<Option<SocketAddr>, ConfigError> {
    let wrong = |text| ConfigError::Value(format!("{name}: {text:?} is not an ADDRESS:PORT"));
    text.map(|text| text.parse().map_err(|_| wrong(text))).transpose()
}

/// A site, as browsers name the origin of its pages.
fn embedder(text: &str) -> Result<Origin, ConfigError> {
    // It becomes part of a header: a name or an address, no pattern.
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:/[]".contains(c);
    let origin = text.chars().all(plain).then(|| Origin::parse(text.trim_end_matches('/')));
    origin.flatten().ok_or_else(|| {
        ConfigError::Value(format!("embed_origins: {text} is not http(s)://host[:port]"))
    })
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, ConfigError> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).map_err(|_| {
        ConfigError::Value(format!("trusted_proxies: {text} is not an address or a network"))
    })
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let unread = |error| ConfigError::File(path.to_owned(), error);
    let mut opened = std::fs::File::open(path).map_err(unread)?;
    let mut text = String::new();
    opened.read_to_string(&mut text).map_err(unread)?;
    let file = parse(&text).map_err(|error| ConfigError::Form(path.to_owned(), error))?;
    let mode = opened.metadata().map_err(unread)?.permissions().mode();
    if mode & 0o007 != 0 && file.store.as_deref().is_some_and(Storage::has_secret) {
        return Err(ConfigError::Readable(path.to_owned(), "store"));
    }
    Ok(file)
}

/// What the file says, or in which line and of which key it is wrong and how. The line itself is
/// not shown: it may have a password in it.
fn parse(text: &str) -> Result<File, String> {
    let wrong = |error: &toml::de::Error, key: &str| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        let key = if key == "." { String::new() } else { format!("{key}: ") };
        format!("line {line}: {key}{}", error.message())
    };
    let document = toml::Deserializer::parse(text).map_err(|error| wrong(&error, "."))?;
    serde_path_to_error::deserialize(document)
        .map_err(|error| wrong(error.inner(), &error.path().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str) -> Result<Config, ConfigError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("support.toml");
        std::fs::write(&path, text).unwrap();
        let flags = Flags { config: Some(path), ..Flags::default() };
        Config::assemble(flags, &BTreeMap::new())
    }

    fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        variables.iter().map(own).collect()
    }

    #[test]
    fn a_flag_weighs_more_than_the_environment_and_that_more_than_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("support.toml");
        std::fs::write(&path, "data = \"file\"\n[limits]\npage = 10\npage_max = 20\n").unwrap();
        let flags = Flags {
            config: Some(path),
            listen: Some("127.0.0.1:1".to_owned()),
            ..Flags::default()
        };

        let config =
            Config::assemble(flags, &environment(&[("SUPPORT_LIMITS_PAGE", "11")])).unwrap();

        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.data, PathBuf::from("file"));
        assert_eq!((config.limits.page, config.limits.page_max), (11, 20));
        assert_eq!(config.limits.content_chars, 4_000);
    }

    #[test]
    fn what_is_in_force_prints_as_the_file_that_makes_it() {
        let text = "data = \"x\"\npublic_url = \"https://chat.example:8443\"\n\
                    trusted_proxies = [\"10.0.0.1\"]\n\
                    embed_origins = [\"https://shop.example\"]\n[limits]\npage = 7\n";
        let config = with_file(text).unwrap();

        let again = with_file(&config.to_string()).unwrap();

        assert_eq!(again.to_string(), config.to_string());
        assert_eq!(again.limits.page, 7);
        assert!(config.to_string().contains("public_url = \"https://chat.example:8443\""));
    }

    #[test]
    fn a_key_that_is_not_one_is_refused_by_name() {
        let refused = |text: &str| with_file(text).unwrap_err().to_string();

        assert!(refused("lisen = \"127.0.0.1:1\"").contains("lisen"));
        assert!(refused("listen = \"abc\"").starts_with("listen: \"abc\" is not"));
        assert!(refused("metrics = \"abc\"").starts_with("metrics: \"abc\" is not"));
        assert!(refused("\n\nstore = 7").contains("line 3: store: invalid type"));
        // A password that no random file name has in it by chance.
        let broken = refused("data = \"x\"\nstore = \"mongodb://u:correct-horse@h");
        assert!(broken.contains("line 2: ") && !broken.contains("horse"), "{broken}");
        assert!(refused("[limits]\nguests = 1").contains("limits.guests"));
        assert!(refused("[limits]\npage = -1").contains("limits.page"));
        assert!(refused("[limits]\npage = \"many\"").contains("limits.page"));
        assert!(refused("public_url = \"chat.example\"").contains("public_url"));
        for bad in ["*", "https://*.example", "shop.example", "https://shop.example/x", "data:"] {
            let text = refused(&format!("embed_origins = [\"{bad}\"]"));
            assert!(text.contains("embed_origins"), "{bad}: {text}");
        }
    }
}
