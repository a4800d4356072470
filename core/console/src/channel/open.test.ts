import { describe, expect, it, vi } from "vitest";
import { ProblemError } from "../lib/api";
import { GaveUp, openChannel, receive, type Opener } from "./open";
import type { Socket } from "./socket";

/** A server that says its lines one after the other. */
function server(lines: (string | ArrayBuffer | object)[]): Socket & { sent: unknown[]; closed: boolean } {
  const sent: unknown[] = [];
  const socket = {
    sent,
    closed: false,
    overflowed: false,
    send: (data: string | ArrayBuffer) => {
      sent.push(typeof data === "string" ? JSON.parse(data) : data);
      return Promise.resolve();
    },
    next: () => {
      const line = lines.shift();
      const text = line === undefined || typeof line === "string" || line instanceof ArrayBuffer ? line : JSON.stringify(line);
      return Promise.resolve(text);
    },
    close: () => {
      socket.closed = true;
    },
  };
  return socket;
}

function opener(socket: Socket, more: Partial<Opener> = {}): Opener {
  return {
    ticket: () => Promise.resolve("t1"),
    dial: () => Promise.resolve(socket),
    password: () => Promise.resolve("secret"),
    login: () => ({
      start: () => Promise.resolve(Uint8Array.of(1)),
      finish: (response) => Promise.resolve(Uint8Array.of(...response, 3)),
      dispose: () => undefined,
    }),
    progress: () => undefined,
    ...more,
  };
}

const opened = { type: "opened", opened: { channel: "c1", interfaces: ["hospes:files/read"] } };
const problem = { type: "https://hospes.dev/problems/not-licensed", title: "No", status: 403 };

describe("opening", () => {
  it("sends the ticket first and gives what the host unlocked", async () => {
    const socket = server([opened]);
    const channel = await openChannel(opener(socket));
    expect(socket.sent).toEqual([{ v: 1, ticket: "t1" }]);
    expect(channel).toMatchObject({ channel: "c1", interfaces: ["hospes:files/read"] });
  });

  it("proves the session password and passes on what takes time", async () => {
    const progress = vi.fn();
    const socket = server([
      { type: "need", need: "session-password", retry_after: 0 },
      { type: "pake", message: btoa("\u0002") },
      { type: "wait", reason: "asking-customer" },
      { type: "something-newer" },
      opened,
    ]);
    await openChannel(opener(socket, { progress }));
    expect(socket.sent.slice(1)).toEqual([
      { type: "pake", message: btoa("\u0001") },
      { type: "pake", message: btoa("\u0002\u0003") },
    ]);
    expect(progress.mock.calls.flat()).toEqual(["connecting", "checking", "asking-customer"]);
  });

  it("stops when the technician gives up", async () => {
    const socket = server([{ type: "need", need: "session-password", retry_after: 0 }]);
    await expect(openChannel(opener(socket, { password: () => Promise.resolve(undefined) }))).rejects.toBeInstanceOf(GaveUp);
    expect(socket.closed).toBe(true);
  });

  const refusals: [string, (string | ArrayBuffer | object)[], string][] = [
    ["refused", [{ type: "refused", refused: problem }], "not-licensed"],
    ["refused without a problem", [{ type: "refused" }], "bad-conversation"],
    ["closed before it opened", [{ type: "closed", problem }], "not-licensed"],
    ["gone", [], "network"],
    ["bytes too early", [new ArrayBuffer(1)], "bad-conversation"],
    ["no JSON", ["{"], "bad-conversation"],
    ["a PAKE message that nobody asked for", [{ type: "pake", message: "AA==" }], "bad-conversation"],
  ];
  it.each(refusals)("%s", async (_name, lines, code) => {
    const socket = server(lines);
    const error: unknown = await openChannel(opener(socket)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).code).toBe(code);
    expect(socket.closed).toBe(true);
  });
});

describe("an open channel", () => {
  const cases: [string, (string | ArrayBuffer | object)[], object][] = [
    ["ends by itself", [{ type: "closed" }], { type: "closed", reason: "ended" }],
    ["ends with a reason", [{ type: "closed", problem }], { type: "closed", reason: "problem", problem: { title: "No" } }],
    ["is cut", [], { type: "closed", reason: "disconnected" }],
    ["says something odd", [{ type: "opened" }], { type: "closed", reason: "problem" }],
    ["carries bytes", [new ArrayBuffer(3)], { type: "message" }],
  ];
  it.each(cases)("%s", async (_name, lines, expected) => {
    expect(await receive(server(lines))).toMatchObject(expected);
  });
});
