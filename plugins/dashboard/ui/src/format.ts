/** Figures for people, in their language. */
import type { Language } from "@hospes/bridge";

const UNITS: Record<Language, readonly string[]> = {
  en: ["B", "KiB", "MiB", "GiB", "TiB"],
  fr: ["o", "Kio", "Mio", "Gio", "Tio"],
  es: ["B", "KiB", "MiB", "GiB", "TiB"],
};

export function bytes(value: number, language: Language): string {
  const units = UNITS[language];
  let unit = 0;
  let shown = value;
  while (shown >= 1024 && unit < units.length - 1) {
    shown /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || shown >= 100 ? 0 : 1;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(shown);
  return `${number} ${units[unit] ?? ""}`;
}

/** Bytes per second. */
export const rate = (value: number, language: Language): string => `${bytes(value, language)}/s`;

/** 0.123 as `12 %`; `digits` after the point. */
export function percent(share: number, language: Language, digits = 0): string {
  return new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share);
}

export function dateTime(millis: number, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" }).format(new Date(millis));
}
export function clock(millis: number, language: Language): string {
  return new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(new Date(millis));
}

/** Milliseconds as days, hours and minutes; below a minute as seconds. */
export function duration(millis: number, language: Language): string {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  const part = (value: number, unit: string): string =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(value);
  if (seconds < 60) return part(seconds, "second");
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const parts = [days > 0 ? part(days, "day") : "", hours > 0 || days > 0 ? part(hours, "hour") : "", part(minutes, "minute")];
  return parts.filter((text) => text !== "").join(" ");
}
