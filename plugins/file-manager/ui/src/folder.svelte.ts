/** The folder that is shown: its entries, how they are sorted, what is selected. */
import { FileError, type Client } from "./client";
import { codeOf } from "./download";
import type { Entry, Failure, Path, Root } from "./protocol";

export type Column = "name" | "size" | "modified";

/** Folders first, then by the column; names as people sort them (`file 9` before `file 10`). */
export function sorted(entries: Entry[], column: Column, descending: boolean, locale: string): Entry[] {
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: "base" });
  const rank = (entry: Entry): number => (entry.kind === "directory" ? 0 : 1);
  const by = (a: Entry, b: Entry): number => {
    if (column === "size") return a.size - b.size;
    if (column === "modified") return (a.modified ?? 0) - (b.modified ?? 0);
    return 0;
  };
  const direction = descending ? -1 : 1;
  return entries.toSorted((a, b) => rank(a) - rank(b) || direction * (by(a, b) || collator.compare(a.name, b.name)) || (a.name < b.name ? -1 : 1));
}

export class Folder {
  path = $state.raw<Path>([]);
  roots = $state.raw<Root[]>([]);
  write = $state(false);
  entries = $state.raw<Entry[]>([]);
  loading = $state(true);
  failure = $state.raw<Failure | undefined>();
  column = $state<Column>("name");
  descending = $state(false);
  selected = $state.raw<ReadonlySet<string>>(new Set());
  /** The row that the keyboard is on. */
  current = $state(0);
  locale = $state("en");
  readonly #client: Client;
  #run = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  readonly shown = $derived.by(() => sorted(this.entries, this.column, this.descending, this.locale));

  get writable(): boolean {
    return this.write && this.path.length > 0 && this.roots.some((root) => root.name === this.path[0] && root.writable);
  }
  get selection(): Entry[] {
    return this.shown.filter((entry) => this.selected.has(entry.name));
  }

  async go(path: Path, focus?: string): Promise<void> {
    const run = ++this.#run;
    const same = JSON.stringify(path) === JSON.stringify(this.path);
    const held = same ? this.shown[this.current]?.name : focus;
    this.path = path;
    this.loading = true;
    this.failure = undefined;
    if (!same) {
      this.entries = [];
      this.selected = new Set();
      this.current = 0;
    }
    try {
      const entries = await this.#read(path, run);
      if (run !== this.#run) return;
      this.entries = entries;
      const names = new Set(entries.map((entry) => entry.name));
      this.selected = new Set([...this.selected].filter((name) => names.has(name)));
      this.current = Math.max(0, this.shown.findIndex((entry) => entry.name === held));
    } catch (error) {
      if (run !== this.#run) return;
      this.failure = error instanceof FileError ? error.failure : { code: codeOf(error), message: String(error) };
    } finally {
      if (run === this.#run) this.loading = false;
    }
  }

  reload(): Promise<void> {
    return this.go(this.path);
  }
  up(): Promise<void> {
    return this.path.length === 0 ? Promise.resolve() : this.go(this.path.slice(0, -1), this.path.at(-1));
  }

  async #read(path: Path, run: number): Promise<Entry[]> {
    const entries: Entry[] = [];
    let from: string | undefined;
    do {
      const page = await this.#client.request("list", from === undefined ? { path } : { path, from });
      entries.push(...page.entries);
      from = page.next;
      // A large folder shows its beginning while the rest is on its way.
      if (from !== undefined && run === this.#run) this.entries = [...entries];
    } while (from !== undefined && run === this.#run);
    return entries;
  }

  sortBy(column: Column): void {
    this.descending = this.column === column ? !this.descending : column !== "name";
    this.column = column;
  }

  only(name: string): void {
    this.selected = new Set([name]);
  }
  toggle(name: string): void {
    const next = new Set(this.selected);
    if (!next.delete(name)) next.add(name);
    this.selected = next;
  }
  range(from: number, to: number): void {
    const [low, high] = from < to ? [from, to] : [to, from];
    this.selected = new Set(this.shown.slice(low, high + 1).map((entry) => entry.name));
  }
  all(): void {
    this.selected = new Set(this.shown.map((entry) => entry.name));
  }
  none(): void {
    this.selected = new Set();
  }
}
