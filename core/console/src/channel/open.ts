/** The conversation on a channel's WebSocket (core/wire/src/socket.rs), up to `opened` and after it. */
import { localProblem, ProblemError } from "../lib/api";
import type { Problem } from "../lib/types";
import type { Socket } from "./socket";

export const VERSION = 1;

/** What the technician's side brings along. */
export interface Opener {
  ticket(): Promise<string>;
  dial(): Promise<Socket>;
  /** Asks the technician; `undefined` gives up. */
  password(question: { retryAfter: number }): Promise<string | undefined>;
  login(): { start(password: string): Promise<Uint8Array>; finish(response: Uint8Array): Promise<Uint8Array>; dispose(): void };
  /** What takes time, by code: `connecting`, `checking`, `asking-customer`, `fetching`, `starting`. */
  progress(code: string): void;
}

export interface OpenChannel {
  channel: string;
  interfaces: string[];
  socket: Socket;
}

/** What comes out of an open channel. */
export type Incoming = { type: "message"; data: ArrayBuffer } | { type: "closed"; reason: "ended" | "problem" | "disconnected"; problem?: Problem };

/** The technician did not want to give the password. */
export class GaveUp extends Error {}

type Text = Record<string, unknown> & { type?: unknown };

/** Opens a channel. Throws a [`ProblemError`] when it is refused, [`GaveUp`], or pake.ts's `WrongPassword`. */
export async function openChannel(opener: Opener): Promise<OpenChannel> {
  opener.progress("connecting");
  const ticket = await opener.ticket();
  let socket: Socket;
  try {
    socket = await opener.dial();
  } catch {
    throw new ProblemError(localProblem("network"));
  }
  try {
    return await converse(opener, socket, ticket);
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function converse(opener: Opener, socket: Socket, ticket: string): Promise<OpenChannel> {
  await socket.send(JSON.stringify({ v: VERSION, ticket }));
  let login: ReturnType<Opener["login"]> | undefined;
  try {
    for (;;) {
      const message = readText(await socket.next());
      switch (message.type) {
        case "need": {
          const retryAfter = typeof message["retry_after"] === "number" ? message["retry_after"] : 0;
          const password = await opener.password({ retryAfter });
          if (password === undefined) throw new GaveUp();
          opener.progress("checking");
          login?.dispose();
          login = opener.login();
          await socket.send(JSON.stringify({ type: "pake", message: toBase64(await login.start(password)) }));
          break;
        }
        case "pake": {
          if (login === undefined || typeof message["message"] !== "string") throw unexpected("pake");
          const third = await login.finish(fromBase64(message["message"]));
          await socket.send(JSON.stringify({ type: "pake", message: toBase64(third) }));
          break;
        }
        case "wait":
          opener.progress(String(message["reason"]));
          break;
        case "opened": {
          const opened = message["opened"] as { channel?: unknown; interfaces?: unknown } | undefined;
          const interfaces = Array.isArray(opened?.interfaces) ? opened.interfaces.filter((name) => typeof name === "string") : [];
          return { channel: String(opened?.channel ?? ""), interfaces, socket };
        }
        case "refused":
          throw new ProblemError(readProblem(message["refused"]));
        case "closed":
          throw new ProblemError(readProblem(message["problem"]));
        default: // a newer server may say more
      }
    }
  } finally {
    login?.dispose();
  }
}

/** The next thing that an open channel says. */
export async function receive(socket: Socket): Promise<Incoming> {
  const message = await socket.next();
  if (message === undefined && socket.overflowed) return { type: "closed", reason: "problem", problem: localProblem("too-slow") };
  if (message === undefined) return { type: "closed", reason: "disconnected" };
  if (typeof message !== "string") return { type: "message", data: message };
  const text = readText(message);
  if (text.type !== "closed") return { type: "closed", reason: "problem", problem: unexpected(String(text.type)).problem };
  const problem = text["problem"];
  if (problem === undefined || problem === null) return { type: "closed", reason: "ended" };
  return { type: "closed", reason: "problem", problem: readProblem(problem) };
}

function readText(message: string | ArrayBuffer | undefined): Text {
  if (message === undefined) throw new ProblemError(localProblem("network"));
  if (typeof message !== "string") throw unexpected("bytes");
  try {
    const value: unknown = JSON.parse(message);
    if (typeof value === "object" && value !== null) return value as Text;
  } catch {
    // told below
  }
  throw unexpected("no JSON");
}

function readProblem(value: unknown): Problem {
  const problem = value as Partial<Problem> | undefined;
  if (typeof problem?.type !== "string" || typeof problem.title !== "string") return localProblem("bad-conversation");
  const detail = typeof problem.detail === "string" ? problem.detail : null;
  return { type: problem.type, title: problem.title, detail };
}

function unexpected(what: string): ProblemError {
  return new ProblemError(localProblem("bad-conversation", what));
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw unexpected("no base64");
  }
}
