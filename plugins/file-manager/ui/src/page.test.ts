import { messageProblems, missingCodes } from "@hospes/bridge/messages";
import { createBLAKE3, blake3 } from "hash-wasm";
import { describe, expect, it } from "vitest";
import { Client, FileError } from "./client";
import { Download } from "./download";
import { sorted } from "./folder.svelte";
import { bytes, span, Speed } from "./format";
import { explain, tables } from "./i18n";
import { data, read, type Entry } from "./protocol";
import protocolText from "../../PROTOCOL.md?raw";
import { Upload } from "./upload";

/** A bridge whose other end is `Component`. */
class Pipe {
  message: (data: ArrayBuffer) => void | Promise<void> = () => undefined;
  closed: () => void = () => undefined;
  component: Component | undefined;
  onMessage(handler: (data: ArrayBuffer) => void | Promise<void>): void {
    this.message = handler;
  }
  onClosed(handler: () => void): void {
    this.closed = handler;
  }
  onReopen(): void {}
  send(message: ArrayBuffer | Uint8Array): Promise<void> {
    if (this.component === undefined) return Promise.reject(new Error("closed"));
    this.component.receive(message as ArrayBuffer);
    return Promise.resolve();
  }
  sendJson(value: unknown): Promise<void> {
    return this.send(new TextEncoder().encode(JSON.stringify(value)).buffer);
  }
  say(value: unknown): void {
    void this.message(value instanceof ArrayBuffer ? value : new TextEncoder().encode(JSON.stringify(value)).buffer);
  }
  cut(): void {
    this.component = undefined;
    this.closed();
  }
  connect(component: Component): void {
    this.component = component;
    this.say({ event: "hello", v: 1, roots: [{ name: "Home", writable: true }], write: true, chunk: 1000, transfers: 32 });
  }
}

/** The component as PROTOCOL.md has it, for one file. */
class Component {
  asked: Record<string, unknown>[] = [];
  partial = new Uint8Array();
  committed: Uint8Array | undefined;
  content = new Uint8Array();
  modified = 1000;
  /** Data messages after which the connection is cut. */
  cutAfter = Infinity;
  exists = false;
  lieAboutHash = false;
  #transfer = 0;
  constructor(readonly pipe: Pipe) {}

  receive(message: ArrayBuffer): void {
    const incoming = read(message);
    if (incoming?.kind === "data") return this.#written(incoming.data.offset, incoming.data.bytes);
    const request = JSON.parse(new TextDecoder().decode(message)) as Record<string, unknown>;
    this.asked.push(request);
    queueMicrotask(() => void this.#answer(request));
  }

  async #answer(request: Record<string, unknown>): Promise<void> {
    const { id, op } = request;
    const ok = (value: object): void => this.pipe.say({ id, ok: value });
    const error = (code: string): void => this.pipe.say({ id, error: { code, message: code } });
    switch (op) {
      case "stat":
        return this.exists ? ok({ entry: {} }) : error("not-found");
      case "read": {
        const transfer = ++this.#transfer;
        ok({ transfer, size: this.content.length, modified: this.modified });
        await new Promise((later) => setTimeout(later));
        const offset = request["offset"] as number;
        let sent = 0;
        for (let at = offset; at < this.content.length; at += 1000) {
          if (sent++ >= this.cutAfter) return this.pipe.cut();
          this.pipe.say(data(transfer, at, this.content.slice(at, at + 1000)));
        }
        const hash = this.lieAboutHash ? "00" : await blake3(this.content);
        return this.pipe.say({ event: "end", transfer, size: this.content.length, blake3: hash });
      }
      case "write":
        return ok({ transfer: ++this.#transfer, offset: this.partial.length });
      case "commit": {
        if (this.exists && request["replace"] !== true) return error("already-exists");
        if ((await blake3(this.partial)) !== request["blake3"]) return error("wrong-hash");
        this.committed = this.partial;
        return ok({});
      }
      case "credit":
        return;
      default:
        return ok({});
    }
  }

  #written(offset: number, piece: Uint8Array): void {
    expect(offset).toBe(this.partial.length);
    this.partial = Uint8Array.from([...this.partial, ...piece]);
    this.pipe.say({ event: "written", transfer: this.#transfer, offset: this.partial.length });
    if (--this.cutAfter <= 0) this.pipe.cut();
  }
}

function saving(): { saved: number[]; ended: boolean; aborted: boolean; save: () => Promise<never> } {
  const state = { saved: [] as number[], ended: false, aborted: false, save: (): Promise<never> => Promise.resolve(save as never) };
  const save = {
    write: (piece: ArrayBuffer) => {
      state.saved.push(...new Uint8Array(piece));
      return Promise.resolve();
    },
    end: () => {
      state.ended = true;
      return Promise.resolve();
    },
    abort: () => {
      state.aborted = true;
      return Promise.resolve();
    },
  };
  return state;
}

function setUp(): { pipe: Pipe; client: Client; component: Component } {
  const pipe = new Pipe();
  const client = new Client(pipe as never);
  client.start();
  const component = new Component(pipe);
  pipe.connect(component);
  return { pipe, client, component };
}

const content = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, at) => (at * 31) % 251);
const nothing = (): void => undefined;

describe("download", () => {
  it.each([0, 1, 999, 1000, 4321])("%d bytes arrive, in order, with the right hash", async (length) => {
    const { client, component } = setUp();
    component.content = content(length);
    const target = saving();
    const hash = await new Download(client, target, ["Home", "a"], length, nothing).run();
    expect(target.saved).toEqual([...component.content]);
    expect(target.ended).toBe(true);
    expect(hash).toBe(await blake3(component.content));
  });

  it("goes on after a cut, from where it was", async () => {
    const { pipe, client, component } = setUp();
    component.content = content(9500);
    component.cutAfter = 3;
    const target = saving();
    const download = new Download(client, target, ["Home", "a"], 9500, nothing);
    await expect(download.run()).rejects.toMatchObject({ code: "cut" });
    expect(target.aborted).toBe(false);
    component.cutAfter = Infinity;
    pipe.connect(component);
    expect(await download.run()).toBe(await blake3(component.content));
    expect(target.saved).toEqual([...component.content]);
    expect(component.asked.filter((request) => request["op"] === "read").map((request) => request["offset"])).toEqual([0, 3000]);
  });

  it("does not put two versions of a file together", async () => {
    const { pipe, client, component } = setUp();
    component.content = content(9500);
    component.cutAfter = 3;
    const target = saving();
    const download = new Download(client, target, ["Home", "a"], 9500, nothing);
    await download.run().catch(nothing);
    component.modified += 1;
    pipe.connect(component);
    await expect(download.run()).rejects.toMatchObject({ code: "changed" });
    expect(target.aborted).toBe(true);
  });

  it("a wrong hash saves nothing", async () => {
    const { client, component } = setUp();
    component.content = content(10);
    component.lieAboutHash = true;
    const target = saving();
    await expect(new Download(client, target, ["Home", "a"], 10, nothing).run()).rejects.toMatchObject({ code: "wrong-hash" });
    expect([target.ended, target.aborted]).toEqual([false, true]);
  });
});

describe("upload", () => {
  const file = (length: number): File => new File([content(length)], "a", { lastModified: 5 });

  it.each([0, 1, 1000, 4321])("%d bytes arrive and are committed", async (length) => {
    const { client, component } = setUp();
    const upload = new Upload(client, file(length), ["Home", "a"], 1000, nothing, () => Promise.resolve(false));
    expect(await upload.run()).toBe(await blake3(content(length)));
    expect(component.committed).toEqual(content(length));
  });

  it("goes on after a cut, and hashes what was sent before", async () => {
    const { pipe, client, component } = setUp();
    component.cutAfter = 4;
    const upload = new Upload(client, file(9500), ["Home", "a"], 1000, nothing, () => Promise.resolve(false));
    await expect(upload.run()).rejects.toMatchObject({ code: "cut" });
    component.cutAfter = Infinity;
    expect(component.partial.length).toBe(4000);
    pipe.connect(component);
    await upload.run();
    expect(component.committed).toEqual(content(9500));
  });

  it("asks before it replaces, and sends nothing after a no", async () => {
    const { client, component } = setUp();
    component.exists = true;
    const no = new Upload(client, file(10), ["Home", "a"], 1000, nothing, () => Promise.resolve(false));
    await expect(no.run()).rejects.toMatchObject({ code: "cancelled" });
    expect(component.asked.map((request) => request["op"])).toEqual(["stat"]);
    await new Upload(client, file(10), ["Home", "a"], 1000, nothing, () => Promise.resolve(true)).run();
    expect(component.committed).toEqual(content(10));
  });
});

describe("small things", () => {
  it("the incremental hash is the hash", async () => {
    const hasher = (await createBLAKE3()).init();
    hasher.update(content(10));
    expect(hasher.digest("hex")).toBe(await blake3(content(10)));
  });

  it("a request fails when the channel is cut", async () => {
    const { pipe, client } = setUp();
    pipe.component = { receive: nothing } as never;
    const asked = client.request("roots", {});
    pipe.cut();
    await expect(asked).rejects.toBeInstanceOf(FileError);
    await expect(client.request("roots", {})).rejects.toMatchObject({ code: "cut" });
  });

  it("a transfer that listens after the cut is told of it", () => {
    const { pipe, client } = setUp();
    pipe.cut();
    let told = false;
    client.listen(1, { end: nothing, cut: () => (told = true) });
    expect(told).toBe(true);
  });

  it("data messages are read as they are written", () => {
    const incoming = read(data(7, 2 ** 40 + 5, Uint8Array.of(1, 2)));
    expect(incoming).toEqual({ kind: "data", data: { transfer: 7, offset: 2 ** 40 + 5, bytes: Uint8Array.of(1, 2) } });
    expect(read(new ArrayBuffer(0))).toBeUndefined();
    expect(read(new ArrayBuffer(16))).toBeUndefined();
    expect(read(new TextEncoder().encode("{oops").buffer)).toBeUndefined();
  });

  it("folders come first, names as people sort them", () => {
    const entry = (name: string, kind: Entry["kind"], size = 0): Entry => ({ name, kind, size, addressable: true });
    const list = [entry("b10", "file", 1), entry("B9", "file", 3), entry("z", "directory"), entry("a", "file", 2)];
    expect(sorted(list, "name", false, "en").map((one) => one.name)).toEqual(["z", "a", "B9", "b10"]);
    expect(sorted(list, "size", true, "en").map((one) => one.name)).toEqual(["z", "B9", "a", "b10"]);
  });

  it.each([
    [0, "0 B"],
    [1023, "1,023 B"],
    [1536, "1.5 KiB"],
    [5 * 1024 ** 3, "5 GiB"],
  ])("%d bytes are %s", (value, text) => expect(bytes(value, "en")).toBe(text));
  it.each([
    [7, "0:07"],
    [723, "12:03"],
    [3723, "1:02:03"],
  ])("%d seconds are %s", (seconds, text) => expect(span(seconds)).toBe(text));

  it("speed is that of the last seconds", () => {
    const speed = new Speed();
    for (let second = 0; second <= 10; second += 1) speed.add(second * 1000, second < 5 ? 0 : (second - 5) * 1000);
    expect(speed.value).toBe(1000);
  });

  it("failures are told in plain words, unknown ones in the component's", () => {
    expect(explain("en", { code: "denied", message: "", reason: "no-answer" })).toBe("The customer did not answer.");
    expect(explain("en", { code: "denied", message: "", reason: "newer" })).toBe("Not allowed.");
    expect(explain("en", { code: "newer", message: "as it says" })).toBe("as it says");
  });
});

it("says everything in three languages, and nothing that nobody says", () => {
  const sources = import.meta.glob<string>(["./**/*.{ts,svelte}", "!./**/*.test.ts"], { query: "?raw", import: "default", eager: true });
  // The codes are those of PROTOCOL.md and the page's own.
  const codes = protocolText.slice(protocolText.indexOf("## Error codes"));
  const families = { "error.": { codes, ...sources }, "transfer.": sources };
  expect(messageProblems({ tables, sources, families })).toEqual([]);
  const listed = { codes: codes.slice(0, codes.indexOf("; others may follow")).replace(/\(with .*?\)/s, "") };
  expect(missingCodes(tables, "error.", listed, /`([a-z-]+)`/g)).toEqual([]);
});
