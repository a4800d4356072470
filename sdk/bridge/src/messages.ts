/**
 * The check of a page's texts, for its tests: every language has every message with the same placeholders, and every
 * message is said somewhere. It takes text, not paths, so that a test gives it whatever its bundler can read:
 *
 * ```ts
 * const sources = import.meta.glob(["./**\/*.{ts,svelte}", "!./**\/*.test.ts"], { query: "?raw", import: "default", eager: true });
 * expect(messageProblems({ tables, sources })).toEqual([]);
 * ```
 */
import type { Language } from "./protocol.js";

/** Texts of files by their paths. */
export type Sources = Record<string, string>;

export interface Messages {
  tables: Record<Language, Record<string, string>>;
  /** The page's own code. */
  sources: Sources;
  /**
   * Messages that are looked up by a code, by their common prefix (`"error."`): they count as said when what follows stands in
   * one of these files: whole, or each of its segments, as text (`"no-answer"`) or as a variant (`NoAnswer`).
   */
  families?: Record<string, Sources>;
}

/** What is wrong, one line each; empty when all is well. */
export function messageProblems({ tables, sources, families = {} }: Messages): string[] {
  const keys = [...new Set(Object.values(tables).flatMap((table) => Object.keys(table)))].sort();
  const code = withoutTables(sources);
  const speakers = Object.entries(families).map(([prefix, files]) => [prefix, withoutTables(files)] as const);
  const problems: string[] = [];
  for (const key of keys) {
    problems.push(...translated(tables, key));
    const family = speakers.find(([prefix]) => key.startsWith(prefix));
    const said = says(code, key) || (family !== undefined && saysCode(family[1], key.slice(family[0].length)));
    if (!said) problems.push(`${key} is said nowhere`);
  }
  return problems;
}

/** The codes that `pattern` finds (its first group) and that have no message `prefix + code`. */
export function missingCodes(tables: Messages["tables"], prefix: string, files: Sources, pattern: RegExp): string[] {
  const found = Object.values(files).flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? ""));
  return [...new Set(found)].filter((code) => tables.en[prefix + code] === undefined).sort();
}

function translated(tables: Messages["tables"], key: string): string[] {
  const expected = Object.values(tables)
    .map((table) => table[key])
    .find((text) => text !== undefined);
  return Object.entries(tables).flatMap(([language, table]) => {
    const text = table[key];
    if (text === undefined || text.trim() === "") return [`${key} is missing in ${language}`];
    return placeholders(text) === placeholders(expected ?? "") ? [] : [`${key} has other placeholders in ${language}`];
  });
}

function placeholders(text: string): string {
  return [...text.matchAll(/\{\w+\}/g)].map((match) => match[0]).sort().join(" ");
}

/** The tables themselves say nothing: their lines are taken out. */
function withoutTables(sources: Sources): string {
  return Object.values(sources).join("\n").replace(/^\s*"[\w.-]+": ".*",?$/gm, "");
}

function says(code: string, text: string): boolean {
  return [`"${text}"`, `'${text}'`, `\`${text}\``].some((quoted) => code.includes(quoted));
}

function saysCode(code: string, key: string): boolean {
  return says(code, key) || key.split(".").every((part) => says(code, part) || new RegExp(`\\b${variant(part)}\\b`).test(code));
}

/** `no-answer` as `NoAnswer`. */
function variant(code: string): string {
  return code.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
