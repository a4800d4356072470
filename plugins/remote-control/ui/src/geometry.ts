/** Where the picture stands in the page, and which of its pixels a pointer means. */
export type Scale = "fit" | "one";

export interface Size {
  width: number;
  height: number;
}

/** Size of the picture in CSS pixels. `one`: one pixel of the display is one pixel of this screen. */
export function shownSize(picture: Size, stage: Size, scale: Scale, devicePixelRatio: number): Size {
  if (picture.width === 0 || picture.height === 0) return { width: 0, height: 0 };
  if (scale === "one") return { width: picture.width / devicePixelRatio, height: picture.height / devicePixelRatio };
  const factor = Math.min(stage.width / picture.width, stage.height / picture.height);
  return { width: picture.width * factor, height: picture.height * factor };
}

/** The display's pixel under a point that is given relative to the shown picture; held inside the display. */
export function toDisplay(at: { x: number; y: number }, shown: Size, picture: Size): { x: number; y: number } {
  const on = (value: number, from: number, to: number): number =>
    Math.min(to - 1, Math.max(0, Math.floor((value / Math.max(from, 1e-6)) * to)));
  return { x: on(at.x, shown.width, picture.width), y: on(at.y, shown.height, picture.height) };
}

/** Turns wheel events into notches; what is not yet a whole notch is kept for the next event. */
export class Wheel {
  #x = 0;
  #y = 0;
  add(deltaX: number, deltaY: number, mode: number): { dx: number; dy: number } {
    // Pixels, lines or pages; browsers send about 100 pixels or 3 lines for one notch.
    const notch = mode === 0 ? 100 : mode === 1 ? 3 : 1;
    this.#x += deltaX / notch;
    this.#y += deltaY / notch;
    const dx = Math.max(-100, Math.min(100, Math.trunc(this.#x)));
    const dy = Math.max(-100, Math.min(100, Math.trunc(this.#y)));
    this.#x -= dx;
    this.#y -= dy;
    return { dx: dx + 0, dy: dy + 0 };
  }
}

/** Frames, bytes and delay of the last second. */
export class Rates {
  #frames: { at: number; delay: number }[] = [];
  #bytes: { at: number; bytes: number }[] = [];
  #base: number | undefined;

  /** `taken` is by the host's clock: without knowing how the clocks differ, the quickest frame so far counts as 0. */
  frame(now: number, taken: number): void {
    const delay = now - taken;
    this.#base = Math.min(this.#base ?? delay, delay);
    this.#frames.push({ at: now, delay });
  }
  bytes(now: number, bytes: number): void {
    this.#bytes.push({ at: now, bytes });
  }
  read(now: number): { fps: number; bytesPerSecond: number; delay: number | undefined } {
    const recent = (entry: { at: number }): boolean => entry.at > now - 1000;
    this.#frames = this.#frames.filter(recent);
    this.#bytes = this.#bytes.filter(recent);
    const last = this.#frames.at(-1);
    const base = this.#base ?? 0;
    // Clocks of the same computer, or well kept ones, need no correction.
    const correction = base >= 0 && base < 2000 ? 0 : base;
    return {
      fps: this.#frames.length,
      bytesPerSecond: this.#bytes.reduce((sum, entry) => sum + entry.bytes, 0),
      delay: last === undefined ? undefined : last.delay - correction,
    };
  }
}
