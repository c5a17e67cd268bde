//! What proves an identity: passwords, agents' tokens, guests' cookies, and the keys behind them.
//! Decides who somebody is and never what it may do.

pub(crate) mod guest;
pub(crate) mod keys;
pub(crate) mod password;
pub(crate) mod token;
