/** The conversation with the component: what is shown, what may be done, what is sent. */
import { BridgeFailure, type Bridge, type Language } from "@hospes/bridge";
import { Rates } from "./geometry";
import { HeldKeys, sequence } from "./keys";
import {
  KIND,
  readJson,
  readPointerPicture,
  readPointerPlace,
  type Display,
  type FromComponent,
  type FromViewer,
  type InputState,
  type PointerPicture,
  type PointerPlace,
  type Refusal,
} from "./messages";
import type { Picture } from "./picture";

export type PictureState =
  | { name: "starting" }
  | { name: "shown" }
  | { name: "refused"; refusal: Refusal }
  | { name: "cut" }
  | { name: "broken"; message: string };

/** Shortest pause between two `start`s, in milliseconds (PROTOCOL.md), with room to spare. */
const START_PAUSE = 2100;
/** Shortest pause between two moves, in milliseconds. */
const MOVE_PAUSE = 8;
const MAX_TEXT = 4096;

export class Viewer {
  displays = $state<Display[]>([]);
  display = $state(0);
  picture = $state<PictureState>({ name: "starting" });
  input = $state<InputState>({ allowed: false, code: "starting" });
  size = $state({ width: 0, height: 0 });
  language = $state<Language>("en");
  pointer = $state.raw<PointerPicture | undefined>();
  place = $state.raw<PointerPlace>({ here: false, x: 0, y: 0 });
  rates = $state.raw({ fps: 0, bytesPerSecond: 0, delay: undefined as number | undefined });
  /** Sequence of the frame that is on the canvas. */
  drawn = $state(0);

  readonly #bridge: Bridge;
  readonly #rates = new Rates();
  readonly #held = new HeldKeys();
  #canvas: Picture | undefined;
  #unacknowledged: number | undefined;
  #lastStart = 0;
  #startTimer: ReturnType<typeof setTimeout> | undefined;
  #move: { x: number; y: number } | undefined;
  #moveTimer: ReturnType<typeof setTimeout> | undefined;
  #lastMove = 0;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
    this.language = bridge.open.language;
    bridge.onLanguage((language) => (this.language = language));
    bridge.onClosed(() => {
      this.picture = { name: "cut" };
      this.input = { allowed: false, code: "cut" };
      this.#held.clear();
      this.#unacknowledged = undefined;
    });
    bridge.onReopen(() => {
      // A new component: its `hello` comes, and its first frame is whole.
      this.picture = { name: "starting" };
      this.#lastStart = 0;
    });
    // A yes that came, a licence that changed: what was refused may go now.
    bridge.onInterfaces(() => this.picture.name === "refused" && this.start());
    setInterval(() => (this.rates = this.#rates.read(Date.now())), 500);
    bridge.onVisible(() => this.#acknowledge());
    document.addEventListener("visibilitychange", () => this.#acknowledge());
  }

  /** The canvas is there: the conversation begins. */
  attach(canvas: Picture): void {
    this.#canvas = canvas;
    this.#bridge.onMessage((data) => this.#receive(data));
  }

  frame(sequence: number, takenAt: number, width: number, height: number): void {
    this.#rates.frame(Date.now(), takenAt);
    if (this.size.width !== width || this.size.height !== height) this.size = { width, height };
    if (this.picture.name !== "shown" && this.picture.name !== "cut") this.picture = { name: "shown" };
    this.drawn = sequence;
    this.#unacknowledged = sequence;
    this.#acknowledge();
  }

  /** A tab that nobody sees acknowledges nothing, which pauses the picture on the customer's computer. */
  #acknowledge(): void {
    if (this.#unacknowledged === undefined || document.visibilityState !== "visible") return;
    if (!this.#bridge.open.visible) return;
    this.#send({ type: "ack", sequence: this.#unacknowledged });
    this.#unacknowledged = undefined;
  }

  broken(message: string): void {
    this.picture = { name: "broken", message };
  }
  refresh(): void {
    this.#send({ type: "refresh" });
  }

  /** Asks for the picture, of that display when one is given. */
  start(display = this.display): void {
    clearTimeout(this.#startTimer);
    const wait = this.#lastStart + START_PAUSE - Date.now();
    if (wait > 0) {
      this.#startTimer = setTimeout(() => this.start(display), wait);
      return;
    }
    this.#lastStart = Date.now();
    this.picture = { name: "starting" };
    this.#send({ type: "start", display });
  }

  switchTo(display: number): void {
    this.display = display;
    this.#lastStart = 0;
    this.start(display);
  }

  move(x: number, y: number): void {
    if (!this.input.allowed) return;
    this.#move = { x, y };
    if (this.#moveTimer !== undefined) return;
    const wait = this.#lastMove + MOVE_PAUSE - performance.now();
    if (wait <= 0) this.#flushMove();
    else this.#moveTimer = setTimeout(() => this.#flushMove(), wait);
  }
  button(button: "left" | "middle" | "right" | "back" | "forward", down: boolean, x: number, y: number): void {
    if (!this.input.allowed) return;
    this.#flushMove();
    this.#send({ type: "button", button, down, x, y });
  }
  wheel(dx: number, dy: number): void {
    if (!this.input.allowed || (dx === 0 && dy === 0)) return;
    this.#flushMove();
    this.#send({ type: "wheel", dx, dy });
  }
  key(code: string, down: boolean): void {
    if (!this.input.allowed) return;
    for (const key of down ? this.#held.down(code) : this.#held.up(code)) this.#send({ type: "key", ...key });
  }
  chord(codes: string[]): void {
    if (!this.input.allowed) return;
    for (const key of sequence(codes)) this.#send({ type: "key", ...key });
  }
  /** Answers whether something was cut off. */
  type(text: string): boolean {
    if (!this.input.allowed || text === "") return false;
    const characters = [...text];
    this.#send({ type: "text", text: characters.slice(0, MAX_TEXT).join("") });
    return characters.length > MAX_TEXT;
  }
  release(): void {
    this.#held.clear();
    if (this.input.allowed) this.#send({ type: "release" });
  }

  #flushMove(): void {
    clearTimeout(this.#moveTimer);
    this.#moveTimer = undefined;
    if (this.#move === undefined) return;
    this.#send({ type: "move", ...this.#move });
    this.#move = undefined;
    this.#lastMove = performance.now();
  }

  #send(message: FromViewer): void {
    this.#bridge.sendJson(message).catch((error: unknown) => {
      if (!(error instanceof BridgeFailure)) throw error;
    });
  }

  async #receive(data: ArrayBuffer): Promise<void> {
    this.#rates.bytes(Date.now(), data.byteLength);
    const kind = new Uint8Array(data, 0, 1)[0];
    switch (kind) {
      case KIND.tiles:
        await this.#canvas?.ready;
        return this.#canvas?.tiles(data);
      case KIND.pointerPicture: {
        const picture = readPointerPicture(data);
        if (picture !== undefined) this.pointer = picture;
        return;
      }
      case KIND.pointerPlace: {
        const place = readPointerPlace(data);
        if (place !== undefined) this.place = place;
        return;
      }
      default: {
        const message = readJson(data);
        if (message !== undefined) this.#said(message);
      }
    }
  }

  #said(message: FromComponent): void {
    switch (message.type) {
      case "hello":
        this.displays = message.displays;
        if (!message.displays.some((display) => display.id === this.display)) this.display = message.display;
        this.input = message.input;
        return this.start();
      case "displays":
        this.displays = message.displays;
        return;
      case "input": {
        const { type: _, ...input } = message;
        this.input = input;
        if (!input.allowed) this.#held.clear();
        return;
      }
      case "picture":
        if (message.available) {
          this.display = message.display;
          this.size = { width: message.width, height: message.height };
        } else {
          this.picture = { name: "refused", refusal: message };
        }
        return;
      case "error":
        console.warn(`remote-control: ${message.code}: ${message.message ?? ""}`);
    }
  }
}
