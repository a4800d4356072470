import { afterEach, expect, it, vi } from "vitest";
import { dial } from "./socket";

/** As much of a WebSocket as `dial` uses; the test plays the network. */
class FakeSocket {
  static OPEN = 1;
  static CLOSING = 2;
  static last: FakeSocket;
  readyState = 1;
  bufferedAmount = 0;
  sent: unknown[] = [];
  onopen: () => void = () => undefined;
  onclose: () => void = () => undefined;
  onmessage: (event: { data: unknown }) => void = () => undefined;
  constructor() {
    FakeSocket.last = this;
    queueMicrotask(() => this.onopen());
  }
  send(data: unknown): void {
    this.sent.push(data);
  }
  close(): void {
    this.readyState = 3;
    this.onclose();
  }
}

vi.stubGlobal("WebSocket", FakeSocket);
afterEach(() => vi.useRealTimers());

it("who waits for room is not overtaken", async () => {
  const socket = await dial("ws://x");
  FakeSocket.last.bufferedAmount = 2 << 20;
  const first = socket.send("first");
  await new Promise((later) => setTimeout(later, 10));
  FakeSocket.last.bufferedAmount = 0;
  const second = socket.send("second");
  await Promise.all([first, second]);
  expect(FakeSocket.last.sent).toEqual(["first", "second"]);
});

it("a closed socket sends nothing, and says so to everybody who waits", async () => {
  const socket = await dial("ws://x");
  FakeSocket.last.bufferedAmount = 2 << 20;
  const sends = [socket.send("a"), socket.send("b")];
  FakeSocket.last.close();
  for (const sent of await Promise.allSettled(sends)) expect(sent.status).toBe("rejected");
  expect(await socket.next()).toBeUndefined();
});

it("gives what came before the end, in order", async () => {
  const socket = await dial("ws://x");
  FakeSocket.last.onmessage({ data: "a" });
  FakeSocket.last.onmessage({ data: "b" });
  FakeSocket.last.close();
  expect([await socket.next(), await socket.next(), await socket.next()]).toEqual(["a", "b", undefined]);
});

it("a reader that does not read ends the socket, not the page's memory", async () => {
  const socket = await dial("ws://x");
  const piece = new ArrayBuffer(8 << 20);
  for (let count = 0; count < 9; count += 1) FakeSocket.last.onmessage({ data: piece });
  expect(socket.overflowed).toBe(true);
  expect(await socket.next()).toBeUndefined();
});
