/** Sorting and filtering of processes. */
import type { Process } from "./protocol";

export type Column = "name" | "id" | "user" | "cpu" | "memory" | "started";

/** Names a process, also when its id is used again. */
export const idOf = (process: Process): string => `${process.id}:${process.started}`;

export function sorted(list: readonly Process[], column: Column, descending: boolean, locale: string): Process[] {
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: "base" });
  const by = (a: Process, b: Process): number =>
    column === "name" || column === "user" ? collator.compare(a[column], b[column]) : a[column] - b[column];
  const direction = descending ? -1 : 1;
  // Equal ones keep their places from one reading to the next.
  return list.toSorted((a, b) => direction * by(a, b) || a.id - b.id);
}

/** Words that all must be in name, user or id. */
export function filtered(list: readonly Process[], wanted: string): Process[] {
  const words = wanted.toLocaleLowerCase().split(/\s+/).filter((word) => word !== "");
  return list.filter((process) => {
    const text = `${process.name} ${process.user} ${process.id}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}
