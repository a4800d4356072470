//! An HTTP proxy as companies have them: CONNECT, with a password, to one place only.

use anyhow::Result;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A proxy that runs until it goes out of scope. Open tunnels go on.
pub struct Proxy {
    /// Where it listens, on loopback.
    pub port: u16,
    tunnels: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

/// What it allows.
struct Rule {
    target: String,
    authorization: &'static str,
    port: u16,
}

impl Proxy {
    /// Leads `name` on `port` to that port on loopback, for who says `authorization`; everything else is refused.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(name: &str, port: u16, authorization: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let rule = Arc::new(Rule { target: format!("{name}:{port}"), authorization, port });
        let proxy = Self { port: listener.local_addr()?.port(), tunnels: Arc::default(), stop: Arc::default() };
        let (tunnels, stop) = (proxy.tunnels.clone(), proxy.stop.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let (rule, tunnels) = (rule.clone(), tunnels.clone());
                std::thread::spawn(move || serve(stream, &rule, &tunnels));
            }
        });
        Ok(proxy)
    }

    /// Tunnels that were opened so far.
    #[must_use]
    pub fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// An error is the end of one tunnel, which both sides see.
fn serve(mut stream: TcpStream, rule: &Rule, tunnels: &AtomicUsize) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 || head.len() > 16 << 10 {
            return None;
        }
    }
    let refused = if !head.contains(&format!("\r\nProxy-Authorization: {}\r\n", rule.authorization))
        && !head.contains(&format!("\r\nproxy-authorization: {}\r\n", rule.authorization))
    {
        Some("407 Proxy Authentication Required\r\nProxy-Authenticate: Basic")
    } else if !head.starts_with(&format!("CONNECT {} ", rule.target)) {
        Some("403 Forbidden")
    } else {
        None
    };
    if let Some(status) = refused {
        return stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).ok();
    }
    let Ok(there) = TcpStream::connect(("127.0.0.1", rule.port)) else {
        return stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").ok();
    };
    for end in [&stream, &there] {
        end.set_nodelay(true).ok()?;
    }
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    tunnels.fetch_add(1, Ordering::AcqRel);
    let (from, to) = (there.try_clone().ok()?, stream.try_clone().ok()?);
    let back = std::thread::spawn(move || copy(from, to));
    // What came with the head is in the reader.
    copy(reader, there);
    let _ = back.join();
    Some(())
}

fn copy(mut from: impl Read, mut to: TcpStream) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length) = from.read(&mut buffer) {
        if length == 0 || buffer.get(..length).is_none_or(|part| to.write_all(part).is_err()) {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
