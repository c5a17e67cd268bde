//! A connection that is watched for what the layers above end it for without a word: a peer that
//! does not read, and a websocket message over the limit. Counts, and changes nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::telemetry::Meter;

/// The longest head of a frame: two bytes, a length of eight, a mask of four.
const HEAD: usize = 14;

/// A connection whose ends are counted.
pub(crate) struct Watched {
    stream: TcpStream,
    frames: Frames,
    /// Set when what comes from now on is frames.
    websocket: Arc<AtomicBool>,
    meter: Meter,
    is_counted: bool,
}

impl Watched {
    /// With messages of so many bytes at most, once `websocket` is set.
    pub(crate) fn new(
        stream: TcpStream,
        most: usize,
        websocket: Arc<AtomicBool>,
        meter: Meter,
    ) -> Self {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        Self { stream, frames: Frames::new(most), websocket, meter, is_counted: false }
    }

    fn count(&mut self, limit: &'static str) {
        if !self.is_counted {
            self.is_counted = true;
            self.meter.limited(limit);
        }
    }

    /// What the kernel says when the peer has taken nothing for too long.
    fn look_at<T>(&mut self, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &done
            && error.kind() == io::ErrorKind::TimedOut
        {
            self.count("peer_timeout_ms");
        }
        done
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let done = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let read = buffer.filled().get(before..).unwrap_or_default();
        if self.websocket.load(Ordering::Relaxed) && self.frames.pass(read) {
            self.count("packet_bytes");
        }
        self.look_at(done)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.look_at(done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.look_at(done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(cx);
        self.look_at(done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.look_at(done)
    }
}

/// The heads of websocket frames as they pass by, and nothing of what is in the frames.
struct Frames {
    /// Of a message, in all its frames.
    most: u64,
    head: [u8; HEAD],
    /// Bytes of the next head that are there.
    known: usize,
    /// Bytes of the frame that are still to come.
    rest: u64,
    /// Bytes of the message so far.
    message: u64,
}

impl Frames {
    fn new(most: u64) -> Self {
        Self { most, head: [0; HEAD], known: 0, rest: 0, message: 0 }
    }

    /// Whether a message has turned out to be over the limit.
    fn pass(&mut self, mut bytes: &[u8]) -> bool {
        let mut is_over = false;
        while let Some((first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let passed = bytes.len().min(usize::try_from(self.rest).unwrap_or(usize::MAX));
                self.rest -= u64::try_from(passed).unwrap_or(self.rest);
                bytes = bytes.get(passed..).unwrap_or_default();
                continue;
            }
            self.head[self.known] = *first;
            self.known += 1;
            bytes = others;
            if let Some(length) = length(&self.head[..self.known]) {
                self.known = 0;
                self.rest = length;
                is_over |= self.begins(self.head[0] & 0x0f, length);
            }
        }
        is_over
    }

    fn begins(&mut self, opcode: u8, length: u64) -> bool {
        match opcode {
            0 => self.message = self.message.saturating_add(length),
            1..8 => self.message = length,
            // Control frames come between those of a message and are short.
            _ => return false,
        }
        self.message > self.most
    }
}

/// How long a frame is, once its head is whole.
fn length(head: &[u8]) -> Option<u64> {
    let short = head.get(1)? & 0x7f;
    let extended = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if head[1] & 0x80 == 0 { 0 } else { 4 };
    if head.len() < 2 + extended + mask {
        return None;
    }
    let bytes = &head[2..2 + extended];
    Some(match extended {
        0 => short.into(),
        _ => bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(opcode: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode];
        match length {
            0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            126..0x1_0000 => {
                frame.push(0x80 | 0x7e);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 0x7f);
                frame.extend(u64::try_from(length).unwrap().to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(vec![b'x'; length]);
        frame
    }

    /// In pieces of this size; the number of the piece that was over.
    fn over(most: u64, bytes: &[u8], piece: usize) -> Option<usize> {
        let mut frames = Frames::new(most);
        bytes.chunks(piece).position(|piece| frames.pass(piece))
    }

    #[test]
    fn a_message_is_over_as_soon_as_its_frames_say_so() {
        let control = frame(9, 125);
        let within = [frame(1, 1000), control.clone(), frame(1, 1000), frame(2, 0)].concat();
        let parts = [frame(1, 600), control, frame(0, 400)].concat();
        let beyond = [parts.clone(), frame(0, 1)].concat();
        let announced = [0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

        for piece in [1, 2, 3, 7, 1000, 100_000] {
            assert_eq!(over(1000, &within, piece), None, "{piece}");
            assert_eq!(over(1000, &parts, piece), None, "{piece}");
            assert!(over(1000, &beyond, piece).is_some(), "{piece}");
            assert!(over(1000, &frame(1, 1001), piece).is_some(), "{piece}");
            assert!(over(65_535, &frame(1, 65_536), piece).is_some(), "{piece}");
            assert!(over(u64::MAX >> 3, &announced, piece).is_some(), "{piece}");
        }
        // What is announced is enough; nothing of it has to come.
        assert_eq!(over(1000, &frame(1, 1001)[..8], 8), Some(0));
    }
}
