import type { Language } from "../lib/types";

/** The texts of one subject in the three languages; a key that one of them lacks does not compile. `{name}` is replaced. */
export function texts<const K extends string>(tables: Record<Language, Record<K, string>>): Record<Language, Record<K, string>> {
  return tables;
}
