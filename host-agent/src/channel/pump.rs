//! Frames between the stream and the plugin, both ways, no faster than the slower side.

use super::open::Peer;
use super::plugins;
use super::state::Channel;
use bytes::{BufMut as _, Bytes, BytesMut};
use hospes_runtime::Outcome;
use hospes_transport::{Receiver, Sender};
use hospes_wire::channel::Tag;
use hospes_wire::problem::Problem;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Messages between stream and plugin in each direction: all that is buffered here.
const DEPTH: usize = 2;
/// Longest wait for the reason of an end to leave, when the other side does not read: then the stream is cut.
const LAST: Duration = Duration::from_millis(800);
/// Longest wait for the rest of a plugin's messages after it returned, while the other side reads nothing at all.
const REST: Duration = Duration::from_secs(60);
/// The code of a stream that was cut.
const CUT: u32 = 1;

/// The stream's ends of the plugin's pipes.
pub(super) struct Pipes {
    to_plugin: mpsc::Sender<Bytes>,
    from_plugin: mpsc::Receiver<Bytes>,
    pub(super) cancel: CancellationToken,
}

/// Pipes, and the plugin's ends of them.
pub(super) fn pipes() -> (Pipes, mpsc::Receiver<Bytes>, mpsc::Sender<Bytes>) {
    let (to_plugin, incoming) = mpsc::channel(DEPTH);
    let (outgoing, from_plugin) = mpsc::channel(DEPTH);
    (Pipes { to_plugin, from_plugin, cancel: CancellationToken::new() }, incoming, outgoing)
}

/// One frame.
fn frame(tag: Tag, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(body.len() + 1);
    frame.put_u8(tag as u8);
    frame.put_slice(body);
    frame.freeze()
}

/// How a side's reading ended.
enum Read {
    /// It has no more messages, and may still read.
    Finished,
    /// It is gone.
    Gone,
    /// It broke the rules.
    Broken(Problem),
}

async fn read(receiver: &mut Receiver, to_plugin: mpsc::Sender<Bytes>) -> Read {
    loop {
        // A stream that ends without `Finish` was dropped: who only stops talking says so.
        let Ok(Some(mut message)) = receiver.recv().await else { return Read::Gone };
        let tag = message.first().copied();
        if tag == Some(Tag::Message as u8) {
            let _ = message.split_to(1);
            // A plugin that reads no more misses its messages; that is its own business.
            let _ = to_plugin.send(message).await;
        } else if tag == Some(Tag::Finish as u8) {
            return Read::Finished;
        } else if tag == Some(Tag::Problem as u8) {
            return Read::Gone;
        } else {
            return Read::Broken(Problem::new("bad-message", 400, "A frame of the channel has no known tag"));
        }
    }
}

/// Sends what the plugin says, until it has finished; false when nobody reads.
async fn write(sender: &mut Sender, from_plugin: &mut mpsc::Receiver<Bytes>) -> bool {
    while let Some(message) = from_plugin.recv().await {
        if sender.send(frame(Tag::Message, &message)).await.is_err() {
            return false;
        }
    }
    sender.send(frame(Tag::Finish, &[])).await.is_ok()
}

/// Runs until the plugin returns, the other side is gone, or the channel must close. Gives the problem, if any.
pub(super) async fn pump(
    channel: &Channel,
    peer: Peer,
    pipes: Pipes,
    mut running: JoinHandle<Outcome>,
) -> Option<Problem> {
    let Peer { mut sender, mut receiver } = peer;
    let Pipes { to_plugin, mut from_plugin, cancel } = pipes;
    let problem = {
        let reading = read(&mut receiver, to_plugin);
        let writing = write(&mut sender, &mut from_plugin);
        let closed = channel.closed();
        tokio::pin!(reading, writing, closed);
        let (mut read_done, mut write_done, mut returned) = (false, false, None);
        loop {
            tokio::select! {
                biased;
                () = &mut closed => break Some(channel.why()),
                read = &mut reading, if !read_done => match read {
                    Read::Finished => read_done = true,
                    Read::Gone => break None,
                    Read::Broken(problem) => break Some(problem),
                },
                reads = &mut writing, if !write_done => {
                    write_done = true;
                    if !reads {
                        break None;
                    }
                }
                outcome = &mut running, if returned.is_none() => {
                    returned = Some(match outcome {
                        Ok(Outcome { result: Ok(()), .. }) => None,
                        Ok(Outcome { result: Err(error), .. }) => Some(plugins::refused(&error)),
                        Err(error) => Some(super::open::problem_of(&error)),
                    });
                }
                () = tokio::time::sleep(REST), if returned.is_some() => break returned.flatten(),
            }
            // What the plugin said last is delivered before its end is.
            if write_done && returned.is_some() {
                break returned.flatten();
            }
        }
    };
    cancel.cancel();
    let last = async {
        if let Some(problem) = &problem {
            let body = serde_json::to_vec(problem).unwrap_or_default();
            let _ = sender.send(frame(Tag::Problem, &body)).await;
        }
        let _ = sender.finish().await;
        sender.delivered().await.is_ok()
    };
    if !tokio::time::timeout(LAST, last).await.unwrap_or(false) {
        sender.reset(CUT);
    }
    receiver.stop(CUT);
    problem
}
