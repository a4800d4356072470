import { messageProblems, missingCodes } from "@hospes/bridge/messages";
import { describe, expect, it } from "vitest";
import { across, nearest, runs, scale, span, summary } from "./chart";
import { Client } from "./client";
import { csv, fileName, history as historyCsv, processes as processesCsv, saveAs } from "./csv";
import { Dashboard, TABS, type Tab } from "./dashboard.svelte";
import { bytes, duration, percent, rate } from "./format";
import { History, SPAN, type Sample } from "./history";
import protocolText from "../../PROTOCOL.md?raw";
import { explain, tables, text } from "./i18n";
import { filtered, idOf, sorted, type Column } from "./processes";
import { failureOf, read, valueOf, type Figures, type Process } from "./protocol";

const nothing = (): void => undefined;

/** The shell's end, as far as the page uses it. */
class FakeBridge {
  open = { language: "en", visible: true };
  sent: Record<string, unknown>[] = [];
  message: (data: ArrayBuffer) => void = nothing;
  closed: () => void = nothing;
  visible: (visible: boolean) => void = nothing;
  onMessage(handler: (data: ArrayBuffer) => void): void {
    this.message = handler;
  }
  onClosed(handler: () => void): void {
    this.closed = handler;
  }
  onVisible(handler: (visible: boolean) => void): void {
    this.visible = handler;
  }
  onReopen(): void {}
  onLanguage(): void {}
  title(): void {}
  sendJson(value: Record<string, unknown>): Promise<void> {
    this.sent.push(value);
    return Promise.resolve();
  }
  say(value: unknown): void {
    this.message(new TextEncoder().encode(JSON.stringify(value)).buffer);
  }
  hello(): void {
    this.say({ event: "hello", v: 1, end: true, every: { min: 500, max: 60_000 }, events: 500, processes: 4000 });
  }
}

const load = (cpu: number[]): NonNullable<Figures["load"]> => ({ cpu, memoryUsed: 1, memoryTotal: 4, swapUsed: 0, swapTotal: 0 });
function figures(at: number, read = 0, received = 0): Figures {
  const networks = [
    { name: "lo", addresses: [], received: at * 1000, sent: at * 1000 },
    { name: "eth0", addresses: [], received, sent: 7 },
  ];
  return { event: "figures", at, load: load([0.5, 1]), drives: [{ name: "sda", read, written: 0 }], networks };
}

describe("what is shown is what is read", () => {
  it.each([
    ["overview", ["load", "drives", "networks", "disks"]],
    ["processes", ["processes"]],
    ["services", []],
    ["log", []],
    ["computer", []],
  ] as [Tab, string[]][])("%s reads %s", (tab, parts) => {
    const bridge = new FakeBridge();
    const board = new Dashboard(bridge as never);
    board.start();
    board.tab = tab;
    expect(board.shown).toEqual(parts);
    // Behind another tab, and while paused, nothing.
    bridge.visible(false);
    expect(board.shown).toEqual([]);
    bridge.visible(true);
    board.every = 0;
    expect(board.shown).toEqual([]);
  });

  it("disks stay until they are read again, and a part that fails says so", () => {
    const bridge = new FakeBridge();
    const board = new Dashboard(bridge as never);
    board.start();
    bridge.hello();
    bridge.say({ ...figures(1000), disks: [{ name: "d", mount: "/", fileSystem: "x", total: 2, available: 1 }] });
    bridge.say({ ...figures(2000), end: false, load: { error: { code: "denied", reason: "no-answer", message: "" } } });
    expect(valueOf(board.figures.disks)?.[0]?.mount).toBe("/");
    expect(failureOf(board.figures.load)?.reason).toBe("no-answer");
    // What may be done is told with the figures.
    expect([board.tick, board.mayEnd]).toEqual([2, false]);
  });

  it("a process is ended by id and start, and a no is told", async () => {
    const bridge = new FakeBridge();
    const board = new Dashboard(bridge as never);
    board.start();
    bridge.hello();
    const ended = board.end({ id: 7, name: "sh", user: "u", cpu: 0, memory: 0, started: 70 }, true);
    const asked = bridge.sent.find((request) => request["op"] === "end");
    expect(asked).toMatchObject({ process: 7, started: 70, force: true });
    bridge.say({ id: asked?.["id"], error: { code: "denied", reason: "local-user-denied", message: "no" } });
    expect(await ended).toMatchObject({ code: "denied", reason: "local-user-denied" });
    const cut = board.end({ id: 7, name: "sh", user: "u", cpu: 0, memory: 0, started: 70 }, true);
    bridge.closed();
    expect(await cut).toMatchObject({ code: "cut" });
    expect(board.cut).toBe(true);
  });
});

describe("15 minutes", () => {
  it("are held, and not more", () => {
    const history = new History();
    for (let at = 0; at <= SPAN + 5000; at += 1000) history.add(figures(at), 0, 1000);
    expect(history.samples.length).toBe(SPAN / 1000);
    expect(history.samples[0]?.at).toBe(6000);
    expect(history.samples.at(-1)).toMatchObject({ cpu: 0.75, memoryUsed: 1 });
  });

  it.each([
    ["bytes in a second", 1000, 5000, 5000],
    ["half of them in two", 2000, 5000, 2500],
    ["a counter that starts anew", 1000, 0, 0],
    ["a pause", 120_000, 5000, undefined],
  ])("a rate over %s", (_what, passed, counted, expected) => {
    const history = new History();
    history.add(figures(1000, 100, 100), 0, 1000);
    history.add(figures(1000 + passed, counted === 0 ? 0 : 100 + counted, counted === 0 ? 0 : 100 + counted), 0, 1000);
    expect([history.samples[1]?.read, history.samples[1]?.received]).toEqual([expected, expected]);
    expect(history.samples[0]?.read).toBeUndefined();
  });

  it.each([
    [1000, 3000, undefined],
    [1000, 3001, true],
    [30_000, 90_000, undefined],
    [500, 3001, true],
  ])("read each %d ms, %d ms without a reading are cut: %s", (every, passed, cut) => {
    const history = new History();
    history.add(figures(1000), 0, every);
    history.add(figures(1000 + passed), 0, every);
    expect(history.samples[1]?.cut).toBe(cut);
  });

  it("the inner loop does not count as network, but has its own line", () => {
    const history = new History();
    history.add(figures(1000), 0, 1000);
    history.add(figures(2000), 0, 1000);
    expect(history.samples[1]?.received).toBe(0);
    expect(history.rates.get("lo")?.received).toBe(1_000_000);
  });

  it("a clock that is set back starts anew; what is not read is not there", () => {
    const history = new History();
    history.add(figures(9000), 0, 1000);
    history.add(figures(1000), 0, 1000);
    expect(history.samples.map((sample) => sample.at)).toEqual([1000]);
    history.add({ event: "figures", processes: { list: [], more: 0 } }, 5, 1000);
    expect(history.samples.length).toBe(1);
    history.add({ event: "figures", load: { error: { code: "denied", message: "" } }, drives: [] }, 2000, 1000);
    expect(history.samples[1]).toEqual({ at: 2000, read: 0, written: 0 });
  });
});

describe("charts", () => {
  const line = (...points: [number, number | undefined][]): Sample[] =>
    points.map(([at, cpu]) => (cpu === undefined ? { at } : { at, cpu }));
  const cpu = (sample: Sample): number | undefined => sample.cpu;

  it("are cut where nothing was read", () => {
    const samples = line([0, 1], [1000, 1], [9000, 1], [10_000, undefined], [11_000, 1]);
    samples[2] = { at: 9000, cpu: 1, cut: true };
    expect(runs(samples, cpu).map((run) => run.map((one) => one.at))).toEqual([[0, 1000], [9000], [11_000]]);
  });
  it("say their figures in words' terms", () => {
    expect(summary(line([0, 1], [1, 3], [2, undefined]), cpu)).toEqual({ now: 3, mean: 2, highest: 3 });
    expect(summary(line([0, undefined]), cpu)).toBeUndefined();
  });
  it("find the moment under the pointer", () => {
    const samples = line([0, 1], [SPAN / 2, 1], [SPAN, 1]);
    expect([0, 0.26, 0.6, 1].map((place) => nearest(samples, place, SPAN))).toEqual([0, 1, 1, 2]);
    expect(nearest([], 0.5, SPAN)).toBe(-1);
    expect(across(SPAN / 2, SPAN, SPAN)).toBe(0.5);
  });
  it.each([
    [0, 1],
    [60_000, 1],
    [61_000, 3],
    [200_000, 6],
    [SPAN - 1, 15],
    [SPAN + 1000, 15],
  ])("of %d ms are drawn over %d min", (age, minutes) => {
    expect(span(line([1000, 1], [1000 + age, 1])) / 60_000).toBe(minutes);
    expect(span([])).toBe(60_000);
  });
  it("scale by the units that bytes are shown in", () => {
    expect(scale(0).max).toBe(1024);
    expect(scale(5000)).toEqual({ max: 8192, ticks: [4096, 8192] });
    expect(scale(0.2, 1).max).toBe(1);
  });
});

describe("export", () => {
  it("quotes, and runs no formula of the customer's computer", () => {
    const table = csv(["a", "b"], [['say "hi", you', "=cmd|' /C calc'!A0"], ["-2+3", undefined], ["two\nlines", -4]]);
    expect(table).toBe('\uFEFFa,b\r\n"say ""hi"", you",\'=cmd|\' /C calc\'!A0\r\n\'-2+3,\r\n"two\nlines",-4\r\n');
  });
  it("has a row for each moment and a column for each processor", () => {
    const history = new History();
    history.add(figures(0, 0, 0), 0, 1000);
    history.add(figures(1000, 2048, 99), 0, 1000);
    const rows = historyCsv(history.samples).slice(1).split("\r\n");
    expect(rows[0]?.split(",").slice(0, 5)).toEqual(["time", "cpu", "cpu_0", "cpu_1", "memory_used"]);
    expect(rows[1]).toBe("1970-01-01T00:00:00.000Z,0.75,0.5,1,1,4,0,0,,,,");
    expect(rows[2]).toBe("1970-01-01T00:00:01.000Z,0.75,0.5,1,1,4,0,0,2048,0,99,0");
  });
  it("of processes has their start", () => {
    const list = [{ id: 1, name: "@init", user: "root", cpu: 0.5, memory: 9, started: 0 }];
    expect(processesCsv(list)).toContain("\r\n1,,'@init,root,0.5,9,1970-01-01T00:00:00.000Z\r\n");
  });
  it("goes through the shell in pieces, and leaves nothing when it fails", async () => {
    const pieces: number[] = [];
    let ended = 0;
    let aborted = 0;
    const save = {
      write: (data: ArrayBuffer) => (pieces.push(data.byteLength), pieces.length === 3 ? Promise.reject(new Error("full")) : Promise.resolve()),
      end: () => Promise.resolve(void (ended += 1)),
      abort: () => Promise.resolve(void (aborted += 1)),
    };
    const bridge = { save: () => Promise.resolve(save) };
    await saveAs(bridge, "a.csv", "x".repeat((4 << 20) + 1));
    expect([pieces, ended, aborted]).toEqual([[4 << 20, 1], 1, 0]);
    await expect(saveAs(bridge, "a.csv", "x")).rejects.toThrow("full");
    expect([ended, aborted]).toEqual([1, 1]);
    expect(fileName("box", "log", new Date(0))).toBe("box-log-1970-01-01-0000.csv");
  });
});

describe("processes", () => {
  const process = (id: number, name: string, cpu: number, memory: number): Process => ({ id, name, user: "u", cpu, memory, started: 1 });
  const list = [process(3, "b10", 0.1, 5), process(1, "B9", 0.1, 7), process(2, "a", 2, 6)];
  it.each([
    ["name", false, [2, 1, 3]],
    ["cpu", true, [2, 1, 3]],
    ["memory", false, [3, 2, 1]],
    ["id", true, [3, 2, 1]],
  ] as [Column, boolean, number[]][])("by %s, descending %s", (column, descending, expected) => {
    expect(sorted(list, column, descending, "en").map((one) => one.id)).toEqual(expected);
  });
  it.each([
    ["", [3, 1, 2]],
    ["B", [3, 1]],
    ["u 2", [2]],
    ["b nobody", []],
  ])("with “%s” in them", (wanted, expected) => expect(filtered(list, wanted).map((one) => one.id)).toEqual(expected));
  it("with the same id are told apart by their start", () => {
    expect(idOf({ ...process(1, "a", 0, 0), started: 2 })).not.toBe(idOf(process(1, "a", 0, 0)));
  });
});

describe("figures for people", () => {
  it.each([
    [1536, "en", "1.5 KiB"],
    [1536, "fr", "1,5 Kio"],
    [5 * 1024 ** 3, "es", "5 GiB"],
    [500, "fr", "500 o"],
  ] as const)("%d bytes in %s", (value, language, expected) => expect(bytes(value, language)).toBe(expected));
  it.each([
    [90_061_000, "en", "1 day 1 hour 1 minute"],
    [7_200_000, "fr", "2 heures 0 minute"],
    [59_000, "es", "59 segundos"],
  ] as const)("%d ms in %s", (value, language, expected) => expect(duration(value, language).replaceAll("\u00a0", " ")).toBe(expected));
  it("shares and rates", () => {
    expect(percent(0.123, "en")).toBe("12%");
    expect(percent(1.234, "fr", 1)).toMatch(/^123,4\s%$/);
    expect(rate(2048, "en")).toBe("2 KiB/s");
  });
});

describe("small things", () => {
  it("a message that is none is left alone", () => {
    for (const wrong of ["", "[1", "null", "7", "{}"]) expect(read(new TextEncoder().encode(wrong).buffer)).toBeUndefined();
  });
  it("a request before the component is there fails", async () => {
    const client = new Client(new FakeBridge() as never);
    client.start();
    await expect(client.request("about")).rejects.toMatchObject({ failure: { code: "cut" } });
  });
  it("failures are told in plain words, unknown ones in the component's", () => {
    expect(explain("en", { code: "denied", message: "", reason: "no-answer" })).toBe("The customer did not answer.");
    expect(explain("fr", { code: "denied", message: "", reason: "newer" })).toBe("Non autorisé.");
    expect(explain("en", { code: "newer", message: "as it says" })).toBe("as it says");
    for (const tab of TABS) expect(text("es", tab)).not.toBe("");
  });
});

it("says everything in three languages, and nothing that nobody says", () => {
  const sources = import.meta.glob<string>(["./**/*.{ts,svelte}", "!./**/*.test.ts"], { query: "?raw", import: "default", eager: true });
  // The codes are those of PROTOCOL.md and the page's own.
  const codes = protocolText.slice(protocolText.indexOf("## Error codes"));
  const words = { protocol: protocolText.replaceAll(/[|"\s]+/g, " ").replaceAll(/([\w-]+)/g, '"$1"') };
  const families = { "error.": { codes, ...sources }, "state.": words, "severity.": { ...words, ...sources } };
  expect(messageProblems({ tables, sources, families })).toEqual([]);
  const listed = { codes: codes.slice(0, codes.indexOf("; others may follow")).replace(/\(with .*?\)/s, "") };
  expect(missingCodes(tables, "error.", listed, /`([a-z-]+)`/g)).toEqual([]);
});
