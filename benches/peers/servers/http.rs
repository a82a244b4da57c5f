//! HTTP/1.1 and WebSocket echo: the path says how long the answer is, and bodies of requests are thrown away.

use std::io;
use std::sync::LazyLock;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::wire::{self, Found};

pub(crate) const SMALL_BYTES: u64 = 128;
pub(crate) const LARGE_BYTES: u64 = 100 * 1024;
pub(crate) const HUGE_BYTES: u64 = 10 * 1024 * 1024;

pub(super) async fn accept(listener: TcpListener) -> ! {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(async move {
                // The proxy closed it, or the workload ended: both are what connections do.
                drop(converse(stream).await);
            });
        }
    }
}

async fn converse(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    let mut filled = 0;
    loop {
        let Some(Found { head_bytes, body_bytes }) = wire::find_head(&buffer[..filled]) else {
            let n = read_some(&mut stream, &mut buffer[filled..]).await?;
            filled += n;
            continue;
        };
        let head = &buffer[..head_bytes];
        if wire::contains(head, b"upgrade: websocket") {
            let answer = wire::switch(head);
            stream.write_all(&answer).await?;
            return echo_frames(stream).await;
        }
        let answer = answer_to(head);
        let mut missing = (head_bytes as u64 + body_bytes).saturating_sub(filled as u64);
        let used = (head_bytes as u64 + body_bytes).min(filled as u64) as usize;
        buffer.copy_within(used..filled, 0);
        filled -= used;
        while missing > 0 {
            let most = buffer.len().min(missing.try_into().unwrap_or(usize::MAX));
            missing -= read_some(&mut stream, &mut buffer[..most]).await? as u64;
        }
        stream.write_all(answer).await?;
    }
}

async fn read_some(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let n = stream.read(buffer).await?;
    if n == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(n) }
}

/// Whoever asks for `/large…` or `/huge…` gets that; everybody else something small.
fn answer_to(head: &[u8]) -> &'static [u8] {
    let path = head.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    match path {
        path if path.starts_with(b"/large") => &LARGE,
        path if path.starts_with(b"/huge") => &HUGE,
        _ => &SMALL,
    }
}

/// Frames come back unmasked, as a server has to send them.
async fn echo_frames(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut filled = 0;
    loop {
        filled += read_some(&mut stream, &mut buffer[filled..]).await?;
        let (mut from, mut answer) = (0, Vec::with_capacity(filled));
        while let Some(used) = wire::unmask(&buffer[from..filled], &mut answer) {
            from += used;
        }
        buffer.copy_within(from..filled, 0);
        filled -= from;
        stream.write_all(&answer).await?;
    }
}

static SMALL: LazyLock<Vec<u8>> = LazyLock::new(|| whole(SMALL_BYTES));
static LARGE: LazyLock<Vec<u8>> = LazyLock::new(|| whole(LARGE_BYTES));
static HUGE: LazyLock<Vec<u8>> = LazyLock::new(|| whole(HUGE_BYTES));

/// An answer with the headers that most servers send. The date stands still: nobody reads it.
fn whole(bytes: u64) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nServer: peer\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\n\
         Content-Type: text/plain\r\nContent-Length: {bytes}\r\n\r\n"
    );
    let mut answer = head.into_bytes();
    answer.resize(answer.len() + bytes as usize, wire::FILLER);
    answer
}
