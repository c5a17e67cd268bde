//! The real console against the real server, in a pseudo-terminal or a pipe: what a shift at it is
//! made of, and that it holds.

mod captures;
mod hostile;
mod plain;
mod ratios;
mod screen;
mod sessions;
mod storms;
mod tmux;
mod together;
mod transport;
