//! Keys, pastes and resizes of the terminal, as the console and the prompts read them.

use std::io;

use crossterm::event::{Event, EventStream, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use futures_util::StreamExt;
use ratatui::layout::{Position, Size};

use crate::commands::Chord;
use crate::core::pointer::Pointer;

#[derive(Debug)]
pub(crate) enum Input {
    Key(Chord),
    Paste(String),
    Resize(Size),
    /// The terminal has got or lost the agent's eye.
    Focus(bool),
    Pointer(Pointer, Position),
}

/// The terminal's one reader.
pub(crate) struct Keys(Option<EventStream>);

impl Keys {
    pub(crate) fn new() -> Self {
        Self(Some(EventStream::new()))
    }

    /// Stops reading, so that another program gets every key. The next read begins again.
    pub(crate) fn pause(&mut self) {
        self.0 = None;
    }

    /// The next input. An error means that the terminal is gone.
    pub(crate) async fn next(&mut self) -> io::Result<Input> {
        let stream = self.0.get_or_insert_with(EventStream::new);
        loop {
            let event =
                stream.next().await.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
            match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    return Ok(Input::Key(key.into()));
                }
                Event::Paste(text) => return Ok(Input::Paste(text)),
                Event::Resize(width, height) => return Ok(Input::Resize(Size::new(width, height))),
                Event::FocusGained => return Ok(Input::Focus(true)),
                Event::FocusLost => return Ok(Input::Focus(false)),
                Event::Mouse(MouseEvent { kind, column, row, .. }) => {
                    let what = match kind {
                        MouseEventKind::ScrollUp => Pointer::WheelUp,
                        MouseEventKind::ScrollDown => Pointer::WheelDown,
                        MouseEventKind::Down(MouseButton::Left) => Pointer::Press,
                        _ => continue,
                    };
                    return Ok(Input::Pointer(what, Position::new(column, row)));
                }
                Event::Key(_) => {}
            }
        }
    }
}
