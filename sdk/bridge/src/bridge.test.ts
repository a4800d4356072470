import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Credit } from "./credit.js";
import { connect, type Bridge } from "./page.js";
import { readFromPage, safeFileName, WINDOW } from "./protocol.js";
import { ServiceError, Shell, type Services, type ShellHooks } from "./shell.js";

/** A window that hears what is posted to it, as far as the bridge needs one. */
class FakeWindow extends EventTarget {
  peer: FakeWindow | undefined;
  parent: FakeWindow | undefined;
  postMessage(data: unknown, _target: string, ports: MessagePort[] = []): void {
    const source = this.peer;
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("message"), { data, ports, source })));
  }
}

let shellWindow: FakeWindow;
let pageWindow: FakeWindow;
let shell: Shell;
let bridge: Bridge;
let hooks: { [K in keyof ShellHooks]: ReturnType<typeof vi.fn> };
let ask: ReturnType<typeof vi.fn>;

const open = { capability: "file-manager", session: { id: "s", customer: "c" }, channel: "ch", interfaces: ["a:b/c"], language: "fr", theme: "dark", visible: true } as const;

beforeEach(async () => {
  shellWindow = new FakeWindow();
  pageWindow = new FakeWindow();
  shellWindow.peer = pageWindow;
  pageWindow.peer = shellWindow;
  hooks = { send: vi.fn(() => Promise.resolve()), finish: vi.fn(), close: vi.fn(), title: vi.fn(), notice: vi.fn(), broken: vi.fn() };
  ask = vi.fn();
  vi.stubGlobal("reportError", () => undefined);
  vi.stubGlobal("window", shellWindow);
  shell = new Shell(
    { contentWindow: pageWindow as unknown as Window },
    { ...open, interfaces: [...open.interfaces] },
    hooks as unknown as ShellHooks,
    { ask, dispose: vi.fn() } as unknown as Services,
  );
  vi.stubGlobal("window", pageWindow);
  const connected = connect(shellWindow as unknown as Window);
  bridge = await connected;
  vi.stubGlobal("window", shellWindow);
});

afterEach(() => {
  shell.dispose();
  vi.unstubAllGlobals();
});

describe("the channel", () => {
  it("opens with what the shell knows", () => {
    expect(bridge.open).toMatchObject({ ...open, v: 1, window: WINDOW });
  });

  it("tells whether the tab is in front", async () => {
    const visible = vi.fn();
    bridge.onVisible(visible);
    shell.visible(false);
    await vi.waitFor(() => expect(visible).toHaveBeenCalledWith(false));
    expect(bridge.open.visible).toBe(false);
  });

  it("carries messages both ways, in order and by transfer", async () => {
    const got: number[] = [];
    bridge.onMessage((data) => void got.push(new Uint8Array(data)[0] ?? -1));
    const buffer = Uint8Array.of(1).buffer;
    await shell.deliver(buffer);
    expect(buffer.byteLength).toBe(0);
    await shell.deliver(Uint8Array.of(2).buffer);
    await vi.waitFor(() => expect(got).toEqual([1, 2]));
    await bridge.sendJson({ a: 1 });
    await vi.waitFor(() => expect(hooks.send).toHaveBeenCalledOnce());
    expect(new TextDecoder().decode(hooks.send.mock.calls[0]?.[0] as ArrayBuffer)).toBe('{"a":1}');
  });

  it("a page that deals slowly with messages stops the shell, and only so long", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let handled = 0;
    bridge.onMessage(async () => {
      await gate;
      handled += 1;
    });
    let delivered = 0;
    const all = Promise.all(Array.from({ length: 10 }, () => shell.deliver(new ArrayBuffer(1 << 20)).then(() => (delivered += 1))));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(delivered).toBe(4);
    release();
    await all;
    await vi.waitFor(() => expect(handled).toBe(10));
  });

  it("a slow socket stops the page, and only so long", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    hooks.send.mockImplementation(() => gate);
    let sent = 0;
    const all = Promise.all(Array.from({ length: 10 }, () => bridge.send(new ArrayBuffer(1 << 20)).then(() => (sent += 1))));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent).toBe(4);
    release();
    await all;
    expect(hooks.broken).not.toHaveBeenCalled();
  });

  it("tells the page why it is closed, and fails what waits", async () => {
    const closed = vi.fn();
    bridge.onClosed(closed);
    ask.mockImplementation(() => new Promise(() => undefined));
    const picking = bridge.pickFiles();
    const problem = { type: "https://hospes.dev/problems/lease-expired", title: "over", status: 403 };
    shell.closed("problem", problem);
    await expect(picking).rejects.toMatchObject({ code: "closed" });
    expect(closed).toHaveBeenCalledWith("problem", problem);
    await expect(bridge.send(new ArrayBuffer(1))).rejects.toMatchObject({ code: "closed" });
  });

  it("goes on over a new channel after a cut, with new credit", async () => {
    const reopened = vi.fn();
    bridge.onReopen(reopened);
    await bridge.send(new ArrayBuffer(1 << 20));
    await vi.waitFor(() => expect(shell.reopens).toBe(true));
    shell.closed("disconnected");
    await vi.waitFor(() => expect(bridge.closed).toBe(true));
    shell.reopen({ ...open, interfaces: [], channel: "second" });
    await vi.waitFor(() => expect(reopened).toHaveBeenCalledOnce());
    expect(bridge.open.channel).toBe("second");
    await bridge.sendJson({ again: true });
    await vi.waitFor(() => expect(hooks.send).toHaveBeenCalledTimes(2));
    expect(hooks.broken).not.toHaveBeenCalled();
  });

  it("a second load of the frame ends the channel", async () => {
    shellWindow.postMessage({ hospes: "ready", v: 1 }, "*");
    await vi.waitFor(() => expect(hooks.broken).toHaveBeenCalledOnce());
  });
});

describe("requests", () => {
  it("are answered, each with its own answer", async () => {
    ask.mockImplementation((request: { ask: string }) =>
      Promise.resolve(request.ask === "clipboard-read" ? { text: "t" } : { on: true }),
    );
    const [text, on] = await Promise.all([bridge.readClipboard(), bridge.fullScreen(true)]);
    expect([text, on]).toEqual(["t", true]);
  });

  it("a service's error reaches the page with its code", async () => {
    ask.mockImplementation(() => Promise.reject(new ServiceError("cancelled", "no")));
    await expect(bridge.pickFiles()).rejects.toMatchObject({ code: "cancelled", message: "no" });
  });

  it("a save writes in order, waits for the disk, and reports its failure at the end", async () => {
    const written: number[] = [];
    ask.mockImplementation((request: { ask: string; data?: ArrayBuffer }) => {
      if (request.ask === "save-begin") return Promise.resolve({ save: 7 });
      if (request.ask === "save-write") written.push(request.data?.byteLength ?? 0);
      if (written.length === 3) return Promise.reject(new ServiceError("disk", "full"));
      return Promise.resolve({});
    });
    const save = await bridge.save("a.bin", 3);
    await save.write(new ArrayBuffer(1));
    await save.write(new ArrayBuffer(2));
    await save.write(new ArrayBuffer(3));
    await expect(save.end()).rejects.toMatchObject({ code: "disk" });
    expect(written).toEqual([1, 2, 3]);
  });
});

describe("what comes from a page", () => {
  const cases: [string, unknown, "invalid" | undefined | "ok"][] = [
    ["nothing", null, "invalid"],
    ["a string", "close", "invalid"],
    ["no type", {}, "invalid"],
    ["an unknown type", { type: "dance" }, undefined],
    ["a message", { type: "message", data: new ArrayBuffer(1) }, "ok"],
    ["an empty message", { type: "message", data: new ArrayBuffer(0) }, "invalid"],
    ["a message of over 1 MiB", { type: "message", data: new ArrayBuffer((1 << 20) + 1) }, "invalid"],
    ["a message of text", { type: "message", data: "x" }, "invalid"],
    ["credit below zero", { type: "credit", bytes: -1 }, "invalid"],
    ["credit that is no number", { type: "credit", bytes: "9" }, "invalid"],
    ["a notice of no known level", { type: "notice", level: "fatal", text: "" }, "invalid"],
    ["a request without id", { type: "request", ask: "clipboard-read" }, "invalid"],
    ["an unknown request", { type: "request", id: 1, ask: "open-door" }, "invalid"],
    ["a request", { type: "request", id: 1, ask: "clipboard-read" }, "ok"],
    ["keys that are no text", { type: "request", id: 1, ask: "keyboard-lock", on: true, keys: [1] }, "invalid"],
  ];
  it.each(cases)("%s", (_name, value, expected) => {
    const read = readFromPage(value);
    expect(typeof read === "object" ? "ok" : read).toBe(expected);
  });

  it("names for saving are harmless", () => {
    expect(safeFileName("../../etc/passwd")).toBe("passwd");
    expect(safeFileName("C:\\x\\a\u202egnp.exe")).toBe("a_gnp.exe");
    expect(safeFileName("a\u0000b. .")).toBe("a_b");
    expect(safeFileName("..")).toBe("download");
    expect(safeFileName("é à.txt")).toBe("é à.txt");
  });
});

describe("credit", () => {
  it("lets one message overdraw, then waits, in order", async () => {
    const credit = new Credit(10);
    const order: number[] = [];
    await credit.take(25);
    void credit.take(1).then(() => order.push(1));
    void credit.take(2).then(() => order.push(2));
    credit.give(15);
    await Promise.resolve();
    expect(order).toEqual([]);
    credit.give(1);
    await Promise.resolve();
    expect(order).toEqual([1]);
    credit.give(5);
    await Promise.resolve();
    expect(order).toEqual([1, 2]);
  });
});
