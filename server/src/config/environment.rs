//! The names of environment variables that are settings. One that is nearly one is refused: it would
//! otherwise be a setting that is silently not in force.

use super::{ConfigError, Flags};
use crate::desk::Limits;

/// What the names of our variables begin with.
pub(super) const PREFIX: &str = "SUPPORT_";

/// Variables that are read elsewhere: how much to log, and where the console finds the desk.
const OTHERS: [&str; 3] = ["SUPPORT_LOG", "SUPPORT_LOG_FORMAT", "SUPPORT_SERVER"];

/// What the names of the console's variables begin with; it looks at them itself.
const CONSOLE: &str = "SUPPORT_AGENT_";

/// The variable of a limit.
pub(super) fn of_limit(name: &str) -> String {
    format!("{PREFIX}LIMITS_{}", name.to_ascii_uppercase())
}

/// Refuses a variable that would be a setting if it were written right.
pub(super) fn refuse_unknown<'a>(
    variables: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), ConfigError> {
    let flags = <Flags as clap::Args>::augment_args(clap::Command::new(""));
    let of_flags = flags.get_arguments().filter_map(|flag| flag.get_env()?.to_str());
    let mut known: Vec<String> = of_flags.chain(OTHERS).map(str::to_owned).collect();
    known.extend(Limits::NAMES.iter().map(|name| of_limit(name)));
    for (name, value) in variables {
        if !name.starts_with(CONSOLE) && !is_of_a_cluster(name, value) && !known.contains(name) {
            return Err(ConfigError::Value(format!("{name}: there is no such setting")));
        }
    }
    Ok(())
}

/// Kubernetes tells every process where each service is, in variables that are named for it: of one
/// called `support` they look like ours. That of a port alone could be somebody's mistake for a
/// setting; Kubernetes writes an address into it.
fn is_of_a_cluster(name: &str, value: &str) -> bool {
    let is_address = ["tcp://", "udp://", "sctp://"].iter().any(|it| value.starts_with(it));
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.contains("_PORT_")
        || (name.ends_with("_PORT") && is_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_nearly_a_setting_is_refused_by_name_and_others_are_not_ours() {
        let with = |name: &str, value: &str| {
            refuse_unknown([(&name.to_owned(), &value.to_owned())].into_iter())
        };
        let refused = |name: &str| with(name, "8080");

        for name in [
            "SUPPORT_LISTN",
            "SUPPORT_LISTEN_PORT",
            "SUPPORT_LIMITS_GUESTS",
            "SUPPORT_",
            "SUPPORT_AGENTS",
        ] {
            let error = refused(name).unwrap_err().to_string();
            assert_eq!(error, format!("{name}: there is no such setting"));
        }
        for name in [
            "SUPPORT_LISTEN",
            "SUPPORT_LIMITS_GUEST_SOCKETS",
            "SUPPORT_LOG_FORMAT",
            "SUPPORT_SERVER",
            "SUPPORT_AGENT_THEME",
            "SUPPORT_SERVICE_HOST",
            "SUPPORT_SERVICE_PORT_HTTP",
            "SUPPORT_PORT_3000_TCP_ADDR",
        ] {
            assert!(refused(name).is_ok(), "{name}");
        }
        assert!(with("SUPPORT_SERVER_PORT", "tcp://10.0.0.1:3000").is_ok());
    }
}
