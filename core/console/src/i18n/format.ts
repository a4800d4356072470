/** Dates, spans and numbers as the technician's language writes them. */
import { i18n } from "./index.svelte";

/** The language as it is written where the technician is: `en-GB` when the browser prefers that to plain English. */
function locale(): string {
  return navigator.languages.find((each) => each === i18n.language || each.startsWith(`${i18n.language}-`)) ?? i18n.language;
}

export function dateTime(text: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));
}
export function dateTimeSeconds(text: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "medium" }).format(new Date(text));
}
export function timeOfDay(text: string): string {
  return new Intl.DateTimeFormat(locale(), { timeStyle: "short" }).format(new Date(text));
}
export function number(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}
/** `a, b and c`. */
export function listed(items: string[]): string {
  return new Intl.ListFormat(locale(), { type: "conjunction" }).format(items);
}

const unit = (value: number, name: "hour" | "minute" | "second"): string =>
  new Intl.NumberFormat(locale(), { style: "unit", unit: name, unitDisplay: "short" }).format(value);

/** `2 hr, 5 min`; under a minute in seconds. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return unit(seconds, "second");
  const minutes = Math.round(seconds / 60);
  const parts = [Math.floor(minutes / 60), minutes % 60] as const;
  const told = [parts[0] > 0 ? unit(parts[0], "hour") : "", parts[1] > 0 ? unit(parts[1], "minute") : ""].filter((part) => part !== "");
  return new Intl.ListFormat(locale(), { type: "unit", style: "narrow" }).format(told);
}
