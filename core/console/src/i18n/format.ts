/** Dates, spans and numbers as the technician's language writes them. */
import { i18n } from "./index.svelte";

export function dateTime(text: string): string {
  return new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));
}
export function dateTimeSeconds(text: string): string {
  return new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(text));
}
export function timeOfDay(text: string): string {
  return new Intl.DateTimeFormat(i18n.language, { timeStyle: "short" }).format(new Date(text));
}
export function number(value: number): string {
  return new Intl.NumberFormat(i18n.language).format(value);
}
/** `a, b and c`. */
export function listed(items: string[]): string {
  return new Intl.ListFormat(i18n.language, { type: "conjunction" }).format(items);
}

const unit = (value: number, name: "hour" | "minute" | "second"): string =>
  new Intl.NumberFormat(i18n.language, { style: "unit", unit: name, unitDisplay: "short" }).format(value);

/** `2 hr, 5 min`; under a minute in seconds. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return unit(seconds, "second");
  const minutes = Math.round(seconds / 60);
  const parts = [Math.floor(minutes / 60), minutes % 60] as const;
  const told = [parts[0] > 0 ? unit(parts[0], "hour") : "", parts[1] > 0 ? unit(parts[1], "minute") : ""].filter((part) => part !== "");
  return new Intl.ListFormat(i18n.language, { type: "unit", style: "narrow" }).format(told);
}
