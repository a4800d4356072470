import { describe, expect, it } from "vitest";
import { en } from "./en";
import { es } from "./es";
import { fr } from "./fr";

const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map((match) => match[0]).sort();

describe.each([
  ["fr", fr],
  ["es", es],
])("%s", (_name, table) => {
  it("has every message, and no other", () => {
    expect(Object.keys(table).sort()).toEqual(Object.keys(en).sort());
  });
  it.each(Object.entries(en))("%s keeps its placeholders and says something", (key, english) => {
    const text = (table as Record<string, string>)[key] ?? "";
    expect(text.trim()).not.toBe("");
    expect(placeholders(text)).toEqual(placeholders(english));
  });
});
