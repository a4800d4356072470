/** A list that the server gives in parts, for pages with "more": newest question wins, nothing is shown twice. */
import type { Page } from "./api";
import { problemOf } from "./http";
import type { Problem } from "./types";

export class PagedList<T> {
  items = $state<T[]>([]);
  next = $state<string | undefined>();
  /** Whether an answer to the latest question has come. */
  loaded = $state(false);
  busy = $state(false);
  problem = $state<Problem | undefined>();
  #ask: (cursor: string | undefined) => Promise<Page<T>>;
  #key: (item: T) => string | number;
  #run = 0;

  constructor(ask: (cursor: string | undefined) => Promise<Page<T>>, key: (item: T) => string | number) {
    this.#ask = ask;
    this.#key = key;
  }

  /** Another question: nothing of the old answer stays. */
  async ask(): Promise<void> {
    this.items = [];
    this.next = undefined;
    this.loaded = false;
    await this.refresh();
  }

  /** The same question again, as far down as was shown. */
  async refresh(): Promise<void> {
    await this.#load(async () => {
      const wanted = this.items.length;
      let answer = await this.#ask(undefined);
      const items = answer.items;
      while (answer.next !== undefined && items.length < wanted) {
        answer = await this.#ask(answer.next);
        items.push(...answer.items);
      }
      return { items, next: answer.next };
    });
  }

  /** The next part. */
  async more(): Promise<void> {
    if (this.next === undefined || this.busy) return;
    const { next } = this;
    await this.#load(async () => {
      const answer = await this.#ask(next);
      const known = new Set(this.items.map(this.#key));
      return { items: [...this.items, ...answer.items.filter((item) => !known.has(this.#key(item)))], next: answer.next };
    });
  }

  /** Puts a changed item in its place. */
  replace(item: T): void {
    this.items = this.items.map((old) => (this.#key(old) === this.#key(item) ? item : old));
  }

  async #load(answer: () => Promise<Page<T>>): Promise<void> {
    const run = ++this.#run;
    this.busy = true;
    try {
      const { items, next } = await answer();
      if (run !== this.#run) return;
      this.items = items;
      this.next = next;
      this.problem = undefined;
      this.loaded = true;
    } catch (error) {
      if (run === this.#run) this.problem = problemOf(error);
    } finally {
      if (run === this.#run) this.busy = false;
    }
  }
}
