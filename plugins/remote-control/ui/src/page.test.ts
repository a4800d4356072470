import { messageProblems } from "@hospes/bridge/messages";
import { describe, expect, it } from "vitest";
import { Rates, shownSize, toDisplay, Wheel } from "./geometry";
import { tables } from "./i18n";
import { HeldKeys, sequence } from "./keys";
import { readJson, readPointerPicture, readPointerPlace } from "./messages";

describe("geometry", () => {
  it.each([
    [{ width: 1920, height: 1080 }, { width: 960, height: 900 }, "fit", 1, { width: 960, height: 540 }],
    [{ width: 100, height: 100 }, { width: 300, height: 200 }, "fit", 1, { width: 200, height: 200 }],
    [{ width: 1920, height: 1080 }, { width: 960, height: 900 }, "one", 2, { width: 960, height: 540 }],
    [{ width: 0, height: 0 }, { width: 10, height: 10 }, "fit", 1, { width: 0, height: 0 }],
  ] as const)("shownSize %j in %j, %s at %d", (picture, stage, scale, ratio, expected) =>
    expect(shownSize(picture, stage, scale, ratio)).toEqual(expected),
  );

  const picture = { width: 1000, height: 500 };
  it.each([
    [{ x: 0, y: 0 }, { x: 0, y: 0 }],
    [{ x: 99.9, y: 49.9 }, { x: 999, y: 499 }],
    [{ x: 100, y: 50 }, { x: 999, y: 499 }],
    [{ x: -5, y: 900 }, { x: 0, y: 499 }],
    [{ x: 50, y: 25 }, { x: 500, y: 250 }],
  ])("a point %j means the pixel %j", (at, expected) =>
    expect(toDisplay(at, { width: 100, height: 50 }, picture)).toEqual(expected),
  );

  it("wheel deltas become whole notches and lose nothing", () => {
    const wheel = new Wheel();
    expect(wheel.add(0, 60, 0)).toEqual({ dx: 0, dy: 0 });
    expect(wheel.add(0, 60, 0)).toEqual({ dx: 0, dy: 1 });
    expect(wheel.add(0, 80, 0)).toEqual({ dx: 0, dy: 1 });
    expect(wheel.add(-3, 0, 1)).toEqual({ dx: -1, dy: 0 });
  });

  it("rates forget what is older than a second, and correct a clock that is far off", () => {
    const rates = new Rates();
    rates.frame(10_000, 5_000_000);
    rates.frame(10_500, 5_000_480);
    rates.bytes(10_500, 300);
    expect(rates.read(10_600)).toEqual({ fps: 2, bytesPerSecond: 300, delay: 20 });
    expect(rates.read(12_000)).toEqual({ fps: 0, bytesPerSecond: 0, delay: undefined });
  });
});

describe("keys", () => {
  it("repeats and foreign key-ups are not sent", () => {
    const held = new HeldKeys();
    expect(held.down("KeyA")).toEqual([{ code: "KeyA", down: true }]);
    expect(held.down("KeyA")).toEqual([]);
    expect(held.up("KeyB")).toEqual([]);
    expect(held.up("KeyA")).toEqual([{ code: "KeyA", down: false }]);
  });
  it("Command releases what macOS does not tell", () => {
    const held = new HeldKeys();
    held.down("MetaLeft");
    held.down("KeyC");
    expect(held.up("MetaLeft").map((key) => key.code)).toEqual(["MetaLeft", "KeyC"]);
  });
  it("a chord goes down in order and up in reverse", () =>
    expect(sequence(["A", "B"]).map((key) => `${key.code}${key.down ? "+" : "-"}`)).toEqual(["A+", "B+", "B-", "A-"]));
});

describe("messages", () => {
  it("pointer messages that are cut short are none", () => {
    expect(readPointerPicture(new ArrayBuffer(11))).toBeUndefined();
    expect(readPointerPicture(Uint8Array.of(2, 0, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1).buffer)).toBeUndefined();
    expect(readPointerPlace(new ArrayBuffer(4))).toBeUndefined();
  });
  it("pointer messages are read", () => {
    const picture = Uint8Array.of(2, 0, 1, 0, 1, 0, 255, 255, 3, 0, 0, 0, 9, 8, 7, 6).buffer;
    expect(readPointerPicture(picture)).toMatchObject({ width: 1, height: 1, hotspotX: -1, hotspotY: 3 });
    const place = Uint8Array.of(3, 1, 0, 0, 5, 0, 0, 0, 255, 255, 255, 255).buffer;
    expect(readPointerPlace(place)).toEqual({ here: true, x: 5, y: -1 });
  });
  it.each([["{"], ["[]"], ['{"type":"dance"}'], ["3"]])("%s is no message", (line) =>
    expect(readJson(new TextEncoder().encode(line).buffer)).toBeUndefined(),
  );
});

it("says everything in three languages, and nothing that nobody says", () => {
  const sources = import.meta.glob<string>(["./**/*.{ts,svelte}", "!./**/*.test.ts"], { query: "?raw", import: "default", eager: true });
  // Reasons come from the component and from what the host's interfaces refuse with.
  const reasons = import.meta.glob<string>(["../../src/**/*.rs", "../../../../sdk/rust/src/**/*.rs"], { query: "?raw", import: "default", eager: true });
  expect(messageProblems({ tables, sources, families: { "viewOnly.": reasons, "noPicture.": reasons } })).toEqual([]);
});
