/** Words of plugins/file-manager/PROTOCOL.md. */
export type Path = string[];
export type EntryKind = "file" | "directory" | "link" | "other";

export interface Entry {
  name: string;
  kind: EntryKind;
  size: number;
  modified?: number;
  /** False: the name is not Unicode; it is shown but cannot be asked for. */
  addressable: boolean;
}

export interface Root {
  name: string;
  writable: boolean;
}

export interface Failure {
  code: string;
  message: string;
  reason?: string;
}

export interface Hello {
  event: "hello";
  v: number;
  roots: Root[];
  write: boolean;
  /** Longest data message, in bytes. */
  chunk: number;
  /** Transfers that may run at a time. */
  transfers: number;
  error?: Failure;
}

export type Event =
  | Hello
  | { event: "progress"; id: number; removed: number }
  | { event: "end"; transfer: number; size?: number; blake3?: string; error?: Failure }
  | { event: "written"; transfer: number; offset: number }
  | { event: "error"; error: Failure };

export type Reply = { id: number; ok: unknown } | { id: number; error: Failure };

/** Answers per operation. */
export interface Ok {
  roots: { roots: Root[]; write: boolean };
  list: { entries: Entry[]; next?: string };
  stat: { entry: Entry };
  mkdir: Record<string, never>;
  remove: { removed: number };
  rename: Record<string, never>;
  read: { transfer: number; size: number; modified?: number };
  write: { transfer: number; offset: number };
  commit: Record<string, never>;
  discard: Record<string, never>;
  cancel: Record<string, never>;
}

export const VERSION = 1;
const DATA = 1;
export const HEADER = 16;

/** A data message: the header and `bytes`. */
export function data(transfer: number, offset: number, bytes: Uint8Array): ArrayBuffer {
  const message = new Uint8Array(HEADER + bytes.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, DATA);
  view.setUint32(4, transfer, true);
  view.setBigUint64(8, BigInt(offset), true);
  message.set(bytes, HEADER);
  return message.buffer;
}

export interface Data {
  transfer: number;
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
}

export type Incoming = { kind: "data"; data: Data } | { kind: "reply"; reply: Reply } | { kind: "event"; event: Event };

/** `undefined` when the message is none of the protocol. */
export function read(message: ArrayBuffer): Incoming | undefined {
  const first = new Uint8Array(message, 0, Math.min(1, message.byteLength))[0];
  if (first === DATA && message.byteLength > HEADER) {
    const view = new DataView(message);
    const offset = Number(view.getBigUint64(8, true));
    return { kind: "data", data: { transfer: view.getUint32(4, true), offset, bytes: new Uint8Array(message, HEADER) } };
  }
  if (first !== 0x7b) return undefined;
  try {
    const value = JSON.parse(new TextDecoder().decode(message)) as Record<string, unknown>;
    if (typeof value["event"] === "string") return { kind: "event", event: value as unknown as Event };
    if (typeof value["id"] === "number") return { kind: "reply", reply: value as unknown as Reply };
  } catch {
    // told below
  }
  return undefined;
}
