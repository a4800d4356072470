/**
 * A WebSocket that is read one message at a time.
 *
 * Why not `WebSocketStream`, which could slow the sender down: Chromium 156 crashes the whole page when such a socket is
 * cut while a write waits. So plugins that send much bring their own credit (their PROTOCOL.md), and this queue is capped.
 */
export interface Socket {
  /** Resolves when the browser has room for more; rejects once the socket is closed. */
  send(data: string | ArrayBuffer): Promise<void>;
  /** The next message; `undefined` once the socket is closed. */
  next(): Promise<string | ArrayBuffer | undefined>;
  close(): void;
  /** Closed because more came than was read. */
  readonly overflowed: boolean;
}

/** Bytes that may wait unsent. */
const SEND_BUFFER = 1 << 20;
/** Bytes that may wait unread. */
const UNREAD = 64 << 20;
/** Pause while the browser has no room, in milliseconds. */
const PAUSE = 4;

/** Rejects when the server cannot be reached or refuses the upgrade. */
export function dial(url: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const arrived: (string | ArrayBuffer)[] = [];
    let unread = 0;
    let overflowed = false;
    let waiting: ((message: string | ArrayBuffer | undefined) => void) | undefined;
    /** Sends wait for the one before: whoever waits for room must not be overtaken. */
    let last: Promise<void> = Promise.resolve();
    const length = (data: string | ArrayBuffer): number => (typeof data === "string" ? data.length : data.byteLength);

    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (overflowed) return;
      const give = waiting;
      waiting = undefined;
      if (give !== undefined) return give(event.data);
      arrived.push(event.data);
      unread += length(event.data);
      if (unread > UNREAD) {
        overflowed = true;
        arrived.length = 0;
        socket.close();
      }
    };
    socket.onclose = () => {
      reject(new Error("the connection could not be made"));
      waiting?.(undefined);
    };
    socket.onopen = () =>
      resolve({
        send: (data) => {
          const sent = last.then(async () => {
            while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > SEND_BUFFER)
              await new Promise((again) => setTimeout(again, PAUSE));
            if (socket.readyState !== WebSocket.OPEN) throw new Error("the connection is closed");
            socket.send(data);
          });
          last = sent.catch(() => undefined);
          return sent;
        },
        next: () => {
          const first = arrived.shift();
          if (first !== undefined) {
            unread -= length(first);
            return Promise.resolve(first);
          }
          if (socket.readyState >= WebSocket.CLOSING) return Promise.resolve(undefined);
          return new Promise((give) => (waiting = give));
        },
        close: () => socket.close(),
        get overflowed() {
          return overflowed;
        },
      });
  });
}
