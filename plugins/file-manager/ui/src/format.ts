/** Figures for people. */
import type { Language } from "@hospes/bridge";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value: number, language: Language): string {
  let unit = 0;
  let shown = value;
  while (shown >= 1024 && unit < UNITS.length - 1) {
    shown /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || shown >= 100 ? 0 : 1;
  const number = new Intl.NumberFormat(language, { minimumFractionDigits: 0, maximumFractionDigits: digits }).format(shown);
  return `${number} ${UNITS[unit] ?? ""}`;
}

export function dateTime(millis: number | undefined, language: Language): string {
  if (millis === undefined) return "";
  return new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "short" }).format(new Date(millis));
}

/** `0:07`, `12:03`, `1:02:03`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Speed over the last few seconds. */
export class Speed {
  #points: { at: number; done: number }[] = [];
  add(at: number, done: number): void {
    this.#points.push({ at, done });
    while (this.#points.length > 2 && (this.#points[0]?.at ?? 0) < at - 4000) this.#points.shift();
  }
  reset(): void {
    this.#points = [];
  }
  /** Bytes per second; `undefined` until it can be told. */
  get value(): number | undefined {
    const first = this.#points[0];
    const last = this.#points.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 200) return undefined;
    return ((last.done - first.done) * 1000) / (last.at - first.at);
  }
}
