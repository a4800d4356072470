/**
 * A WebSocket that can be read at the reader's own speed: `WebSocketStream` where the browser has it (then a slow page
 * slows the host down), else a plain `WebSocket` with a queue.
 */
export interface Socket {
  /** Resolves when the browser has room for more; rejects once the socket is closed. */
  send(data: string | ArrayBuffer): Promise<void>;
  /** The next message; `undefined` once the socket is closed. */
  next(): Promise<string | ArrayBuffer | undefined>;
  close(): void;
}

interface WebSocketStreamLike {
  opened: Promise<{ readable: ReadableStream<string | Uint8Array | ArrayBuffer>; writable: WritableStream<string | BufferSource> }>;
  closed: Promise<unknown>;
  close(): void;
}
declare const WebSocketStream: (new (url: string) => WebSocketStreamLike) | undefined;

/** Rejects when the server cannot be reached or refuses the upgrade. */
export function dial(url: string): Promise<Socket> {
  return typeof WebSocketStream === "function" ? dialStream(new WebSocketStream(url)) : dialPlain(url);
}

async function dialStream(stream: WebSocketStreamLike): Promise<Socket> {
  stream.closed.catch(() => undefined);
  const { readable, writable } = await stream.opened;
  const reader = readable.getReader();
  const writer = writable.getWriter();
  writer.closed.catch(() => undefined);
  return {
    send: async (data) => {
      await writer.ready;
      // Not awaited: `ready` of the next call is what holds the sender back.
      writer.write(data).catch(() => undefined);
    },
    next: async () => {
      try {
        const { value, done } = await reader.read();
        if (done) return undefined;
        return value instanceof Uint8Array ? exactly(value) : value;
      } catch {
        return undefined;
      }
    },
    close: () => {
      try {
        stream.close();
      } catch {
        // closed already
      }
    },
  };
}

function exactly(view: Uint8Array): ArrayBuffer {
  const whole = view.byteOffset === 0 && view.byteLength === view.buffer.byteLength && view.buffer instanceof ArrayBuffer;
  return whole ? (view.buffer as ArrayBuffer) : view.slice().buffer;
}

/** Bytes that a plain WebSocket may hold unsent. */
const SEND_BUFFER = 1 << 20;

function dialPlain(url: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const arrived: (string | ArrayBuffer)[] = [];
    let waiting: ((message: string | ArrayBuffer | undefined) => void) | undefined;
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (waiting === undefined) return void arrived.push(event.data);
      const give = waiting;
      waiting = undefined;
      give(event.data);
    };
    socket.onclose = () => {
      reject(new Error("the connection could not be made"));
      waiting?.(undefined);
    };
    socket.onopen = () =>
      resolve({
        send: async (data) => {
          while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > SEND_BUFFER)
            await new Promise((again) => setTimeout(again, 5));
          if (socket.readyState !== WebSocket.OPEN) throw new Error("the connection is closed");
          socket.send(data);
        },
        next: () => {
          const first = arrived.shift();
          if (first !== undefined) return Promise.resolve(first);
          if (socket.readyState >= WebSocket.CLOSING) return Promise.resolve(undefined);
          return new Promise((give) => (waiting = give));
        },
        close: () => socket.close(),
      });
  });
}
