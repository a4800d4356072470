//! A viewer without a screen: it speaks `plugins/remote-control/PROTOCOL.md` over the channel's WebSocket, decodes every
//! tile as the page does, and acknowledges a frame once it is in the framebuffer.

use crate::scene::{Customer, Service};
use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use hospes_tiles::Decoder;
use hospes_tiles::message::{FIRST, KIND_TILES, LAST};
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;
use tokio::time::{Instant as Tick, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// An open channel, after the component's first message.
pub(crate) struct Channel {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Channel {
    /// Connects and waits for the component's `hello`.
    pub(crate) async fn open(service: &Service, customer: &Customer, capability: &str) -> Result<(Self, Value)> {
        let (port, id) = (service.server.port, &customer.session.id);
        let url = format!("ws://127.0.0.1:{port}/api/v1/sessions/{id}/channels/{capability}");
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_nodelay(true)?;
        }
        socket.send(Message::text(json!({"v": 1, "token": service.technician.token()?}).to_string())).await?;
        loop {
            let message = socket.next().await.context("closed before hello")??;
            match message {
                Message::Binary(bytes) => return Ok((Self { socket }, serde_json::from_slice(&bytes)?)),
                Message::Text(text) => {
                    let answer: Value = serde_json::from_str(&text)?;
                    let good = answer["type"] != "refused" && answer["need"].is_null();
                    ensure!(good, "{capability} did not open: {answer}");
                }
                Message::Close(close) => bail!("closed before hello: {close:?}"),
                _ => {}
            }
        }
    }

    pub(crate) async fn send(&mut self, message: Value) -> Result<()> {
        Ok(self.socket.send(Message::binary(message.to_string().into_bytes())).await?)
    }

    async fn receive(&mut self) -> Result<Message> {
        Ok(self.socket.next().await.context("the channel was closed")??)
    }

    /// Hears everything for that long; how many messages, and how many bytes.
    pub(crate) async fn listen(&mut self, time: Duration) -> Result<(usize, usize)> {
        let until = Tick::now() + time;
        let mut heard = (0, 0);
        while let Ok(message) = timeout_at(until, self.receive()).await {
            if let Message::Binary(bytes) = message? {
                heard = (heard.0 + 1, heard.1 + bytes.len());
            }
        }
        Ok(heard)
    }

    pub(crate) async fn close(mut self) -> Result<()> {
        self.socket.close(None).await?;
        while let Some(Ok(_)) = self.socket.next().await {}
        Ok(())
    }
}

/// The picture of a desktop.
pub(crate) struct Viewer {
    channel: Channel,
    decoder: Decoder,
    bytes: u64,
}

/// A whole frame, drawn and acknowledged.
pub(crate) struct Frame {
    /// In all its messages, headers included.
    pub(crate) bytes: u64,
    /// From the host taking it (its clock is ours) to here, decoded. To the millisecond.
    pub(crate) age: Duration,
}

/// What came in a while.
#[derive(Default)]
pub(crate) struct Watched {
    pub(crate) frames: Vec<Frame>,
    /// Everything that came, pointer included.
    pub(crate) bytes: u64,
}

impl Viewer {
    /// Opens `remote-control` and waits for the first whole picture; answers when `hello` and when the picture was there.
    pub(crate) async fn open(service: &Service, customer: &Customer) -> Result<(Self, [Duration; 2])> {
        let start = Instant::now();
        let (mut channel, hello) = Channel::open(service, customer, "remote-control").await?;
        let greeted = start.elapsed();
        ensure!(hello["type"] == "hello" && hello["input"]["allowed"] == true, "no input: {hello}");
        channel.send(json!({"type": "start"})).await?;
        let mut viewer = Self { channel, decoder: Decoder::new(), bytes: 0 };
        let limit = Tick::now() + Duration::from_secs(60);
        timeout_at(limit, viewer.frame()).await.context("no picture within 60 s")??;
        Ok((viewer, [greeted, start.elapsed()]))
    }

    /// The next message, into the framebuffer; true when it ended a frame.
    async fn step(&mut self) -> Result<Option<Frame>> {
        match self.channel.receive().await? {
            Message::Binary(bytes) if bytes.first() == Some(&KIND_TILES) => {
                let header = self.decoder.decode(&bytes).map_err(|error| anyhow::anyhow!("tiles: {error:?}"))?.header;
                let before = if header.flags & FIRST == 0 { self.bytes } else { 0 };
                self.bytes = before + bytes.len() as u64;
                if header.flags & LAST == 0 {
                    return Ok(None);
                }
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
                let age = now.saturating_sub(Duration::from_millis(header.taken_at));
                self.channel.send(json!({"type": "ack", "sequence": header.sequence})).await?;
                Ok(Some(Frame { bytes: self.bytes, age }))
            }
            Message::Binary(bytes) if bytes.first() == Some(&b'{') => {
                let said: Value = serde_json::from_slice(&bytes)?;
                ensure!(said["type"] != "error" && said["available"] != false, "the component says {said}");
                Ok(None)
            }
            Message::Close(close) => bail!("the channel was closed: {close:?}"),
            _ => Ok(None),
        }
    }

    /// The next whole frame.
    pub(crate) async fn frame(&mut self) -> Result<Frame> {
        loop {
            if let Some(frame) = self.step().await? {
                return Ok(frame);
            }
        }
    }

    /// Draws what comes for this long.
    pub(crate) async fn watch(&mut self, time: Duration) -> Result<Watched> {
        let limit = Tick::now() + time;
        let mut watched = Watched::default();
        while let Ok(frame) = timeout_at(limit, self.frame()).await {
            let frame = frame?;
            watched.bytes += frame.bytes;
            watched.frames.push(frame);
        }
        Ok(watched)
    }

    /// Draws what comes until `other` is done.
    pub(crate) async fn beside<T>(&mut self, other: impl Future<Output = T>) -> Result<T> {
        tokio::pin!(other);
        loop {
            tokio::select! {
                done = &mut other => return Ok(done),
                frame = self.frame() => {
                    frame?;
                }
            }
        }
    }

    /// Draws until this pixel has this colour (0xRRGGBB), checked after every message.
    pub(crate) async fn until(&mut self, (x, y): (usize, usize), colour: u32) -> Result<()> {
        let limit = Tick::now() + Duration::from_secs(10);
        let [_, wanted @ ..] = colour.to_be_bytes();
        let at = (y * self.decoder.width() as usize + x) * 4;
        while self.decoder.rgba().get(at..at + 3) != Some(&wanted) {
            timeout_at(limit, self.step()).await.context("the pixel did not change within 10 s")??;
        }
        Ok(())
    }

    pub(crate) async fn send(&mut self, message: Value) -> Result<()> {
        self.channel.send(message).await
    }

    /// Width and height.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.decoder.width(), self.decoder.height())
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.channel.close().await
    }
}
