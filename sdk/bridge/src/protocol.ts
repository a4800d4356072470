/**
 * The words of the page bridge (see PROTOCOL.md), and the check of what comes from the other side: a plugin's page is
 * foreign code, so the shell believes nothing about the shape of its messages.
 */

/** Version of the bridge. */
export const VERSION = 1;
/** Bytes that a side may send before it gets credit. */
export const WINDOW = 4 << 20;
/** Longest message of a plugin, in bytes. */
export const MAX_MESSAGE = 1 << 20;
/** Longest piece of a file being saved, and the bytes of a save that may be unanswered at a time. */
export const MAX_SAVE_PIECE = 8 << 20;

export type Language = "en" | "fr" | "es";
export type Theme = "light" | "dark";
export type NoticeLevel = "info" | "success" | "warning" | "error";

/** RFC 9457, as the server tells it. */
export interface Problem {
  type: string;
  title: string;
  status?: number;
  detail?: string | null;
}

/** What the page is told about the session. */
export interface SessionFacts {
  id: string;
  /** For people: the customer's name or e-mail. */
  customer: string;
  host?: { os: string; hostname: string };
}

/** First message of the shell: the channel is open. */
export interface Open {
  v: number;
  capability: string;
  session: SessionFacts;
  channel: string;
  /** Unlocked host interfaces, as `package:name/interface`. */
  interfaces: string[];
  language: Language;
  theme: Theme;
  /** Whether the tab is in front. */
  visible: boolean;
  /** Bytes that the page may send before it gets credit. */
  window: number;
}

export type CloseReason = "ended" | "problem" | "disconnected" | "shell";

export interface BridgeError {
  /** Stable: `cancelled`, `denied`, `unavailable`, `too-large`, `disk`, `unknown-save`, `invalid`. */
  code: string;
  /** English, for logs. */
  message: string;
}

export type FromShell =
  | ({ type: "open" } & Open)
  | { type: "message"; data: ArrayBuffer }
  | { type: "credit"; bytes: number }
  | { type: "interfaces"; interfaces: string[] }
  | { type: "theme"; theme: Theme }
  | { type: "language"; language: Language }
  | { type: "visible"; visible: boolean }
  | { type: "finish" }
  | { type: "closed"; reason: CloseReason; problem?: Problem }
  | { type: "answer"; id: number; value: unknown }
  | { type: "answer"; id: number; error: BridgeError };

export type Ask =
  | { ask: "save-begin"; name: string; size?: number }
  | { ask: "save-write"; save: number; data: ArrayBuffer }
  | { ask: "save-end"; save: number }
  | { ask: "save-abort"; save: number }
  | { ask: "pick-files"; multiple: boolean; folder: boolean }
  | { ask: "clipboard-read" }
  | { ask: "clipboard-write"; text: string }
  | { ask: "full-screen"; on: boolean }
  | { ask: "keyboard-lock"; on: boolean; keys?: string[] };

/** A file that the technician picked; `path` is relative and has folders when a folder was picked. */
export interface PickedFile {
  path: string;
  file: File;
}

/** What an [`Ask`] is answered with. */
export interface Answers {
  "save-begin": { save: number };
  "save-write": Record<string, never>;
  "save-end": Record<string, never>;
  "save-abort": Record<string, never>;
  "pick-files": { files: PickedFile[] };
  "clipboard-read": { text: string };
  "clipboard-write": Record<string, never>;
  "full-screen": { on: boolean };
  "keyboard-lock": { on: boolean };
}

export type FromPage =
  | { type: "message"; data: ArrayBuffer }
  | { type: "credit"; bytes: number }
  | { type: "finish" }
  | { type: "close" }
  | { type: "reopens" }
  | { type: "title"; text: string }
  | { type: "notice"; level: NoticeLevel; text: string }
  | { type: "cancel"; id: number }
  | ({ type: "request"; id: number } & Ask);

const LEVELS: readonly string[] = ["info", "success", "warning", "error"];

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown, max: number): value is string => typeof value === "string" && value.length <= max;
const isBytes = (value: unknown, max: number): value is ArrayBuffer =>
  value instanceof ArrayBuffer && value.byteLength > 0 && value.byteLength <= max;

/** `undefined`: unknown type, to be ignored. `"invalid"`: a known type with a wrong shape, which ends the channel. */
export function readFromPage(value: unknown): FromPage | "invalid" | undefined {
  if (typeof value !== "object" || value === null) return "invalid";
  const message = value as Record<string, unknown>;
  switch (message["type"]) {
    case "message":
      return isBytes(message["data"], MAX_MESSAGE) ? { type: "message", data: message["data"] } : "invalid";
    case "credit":
      return isCount(message["bytes"]) ? { type: "credit", bytes: message["bytes"] } : "invalid";
    case "finish":
      return { type: "finish" };
    case "close":
      return { type: "close" };
    case "reopens":
      return { type: "reopens" };
    case "title":
      return isText(message["text"], 4096) ? { type: "title", text: message["text"].slice(0, 80) } : "invalid";
    case "notice": {
      const level = message["level"];
      if (typeof level !== "string" || !LEVELS.includes(level) || !isText(message["text"], 4096)) return "invalid";
      return { type: "notice", level: level as NoticeLevel, text: message["text"] };
    }
    case "cancel":
      return isCount(message["id"]) ? { type: "cancel", id: message["id"] } : "invalid";
    case "request": {
      const id = message["id"];
      if (!isCount(id)) return "invalid";
      const ask = readAsk(message);
      return ask === undefined ? "invalid" : { type: "request", id, ...ask };
    }
    default:
      return typeof message["type"] === "string" ? undefined : "invalid";
  }
}

function readAsk(message: Record<string, unknown>): Ask | undefined {
  const save = message["save"];
  switch (message["ask"]) {
    case "save-begin": {
      const { name, size } = message;
      if (!isText(name, 4096) || (size !== undefined && !isCount(size))) return undefined;
      return size === undefined ? { ask: "save-begin", name } : { ask: "save-begin", name, size };
    }
    case "save-write": {
      const data = message["data"];
      return isCount(save) && isBytes(data, MAX_SAVE_PIECE) ? { ask: "save-write", save, data } : undefined;
    }
    case "save-end":
      return isCount(save) ? { ask: "save-end", save } : undefined;
    case "save-abort":
      return isCount(save) ? { ask: "save-abort", save } : undefined;
    case "pick-files":
      return { ask: "pick-files", multiple: message["multiple"] === true, folder: message["folder"] === true };
    case "clipboard-read":
      return { ask: "clipboard-read" };
    case "clipboard-write":
      return isText(message["text"], 1 << 20) ? { ask: "clipboard-write", text: message["text"] } : undefined;
    case "full-screen":
      return { ask: "full-screen", on: message["on"] === true };
    case "keyboard-lock": {
      const on = message["on"] === true;
      const keys = message["keys"];
      if (keys === undefined) return { ask: "keyboard-lock", on };
      if (!Array.isArray(keys) || keys.length > 64 || !keys.every((key) => isText(key, 32))) return undefined;
      return { ask: "keyboard-lock", on, keys: keys as string[] };
    }
    default:
      return undefined;
  }
}

/** Last segment of a file name from the customer's computer, harmless as a name on the technician's. */
export function safeFileName(name: string): string {
  const last = name.split(/[/\\]/).pop() ?? "";
  // Control characters, characters that Windows forbids, and marks that turn the reading direction (`gnp.exe`).
  const cleaned = last
    .replace(/[\u0000-\u001f\u007f-\u009f<>:"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "_")
    .replace(/[. ]+$/, "")
    .slice(0, 200);
  return cleaned === "" ? "download" : cleaned;
}
