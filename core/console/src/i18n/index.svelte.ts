/**
 * English, French, Spanish. The first visit follows the browser; a choice made on this page is kept in this browser; a
 * technician's own language, which the server keeps, goes before both while they are logged in.
 */
import { codeOf } from "../lib/http";
import type { Language, Problem } from "../lib/types";
import { tables, type Key } from "./tables";

export type { Key } from "./tables";
export const languageNames: Record<Language, string> = { en: "English", fr: "Français", es: "Español" };

const STORED = "hospes.language";

export function isLanguage(value: unknown): value is Language {
  return typeof value === "string" && Object.hasOwn(tables, value);
}

function first(): Language {
  const stored = localStorage.getItem(STORED);
  if (isLanguage(stored)) return stored;
  for (const wanted of navigator.languages) {
    const short = wanted.slice(0, 2).toLowerCase();
    if (isLanguage(short)) return short;
  }
  return "en";
}

class I18n {
  #language = $state<Language>(first());
  get language(): Language {
    return this.#language;
  }
  /** Somebody chose it here. */
  set language(language: Language) {
    localStorage.setItem(STORED, language);
    this.follow(language);
  }
  /** The server knows it; what was chosen in this browser stays for whoever logs in next. */
  follow(language: Language): void {
    this.#language = language;
    document.documentElement.lang = language;
  }
}
export const i18n = new I18n();

/** The text of `key` in the technician's language, with `{name}` replaced. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return fill(tables[i18n.language][key], values);
}

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The text of `prefix + code` when there is one. */
export function maybe(prefix: string, code: string): string | undefined {
  const key = prefix + code;
  return Object.hasOwn(tables.en, key) ? t(key as Key) : undefined;
}

/** A problem for people: translated by its code, else the server's own words. */
export function problemTitle(problem: Problem): string {
  return maybe("problem.", codeOf(problem)) ?? problem.title;
}
export function problemDetail(problem: Problem): string | undefined {
  if (codeOf(problem) === "network") return t("problem.networkDetail");
  return problem.detail ?? undefined;
}

/** Names of the capabilities that plans know, until the server tells the title of an installed one. */
const CAPABILITIES: Record<string, Record<Language, string>> = {
  "remote-control": { en: "Remote control", fr: "Contrôle à distance", es: "Control remoto" },
  "file-manager": { en: "File manager", fr: "Gestionnaire de fichiers", es: "Gestor de archivos" },
  dashboard: { en: "Dashboard", fr: "Tableau de bord", es: "Panel de información" },
};
export function capabilityTitle(id: string, titles?: Partial<Record<Language, string>>, fallback?: string): string {
  return titles?.[i18n.language] ?? CAPABILITIES[id]?.[i18n.language] ?? fallback ?? id;
}

/** Notification channels are features of plans too; here as people call them. */
const NOTIFIERS: Record<string, Record<Language, string>> = {
  "notify-email": { en: "E-mail", fr: "E-mail", es: "Correo electrónico" },
  "notify-webhook": { en: "Webhook", fr: "Webhook", es: "Webhook" },
};
export function notifierTitle(id: string, titles?: Partial<Record<Language, string>>, fallback?: string): string {
  return titles?.[i18n.language] ?? NOTIFIERS[id]?.[i18n.language] ?? fallback ?? id;
}
export function featureTitle(feature: string): string {
  return feature in NOTIFIERS ? notifierTitle(feature) : capabilityTitle(feature);
}

/** Why a notification did not arrive, by its code; a code that nobody knows as it is. */
export function failureText(code: string): string {
  const status = /^http-(\d{3})$/.exec(code)?.[1];
  return status === undefined ? (maybe("failure.", code) ?? code) : t("failure.http", { status });
}
