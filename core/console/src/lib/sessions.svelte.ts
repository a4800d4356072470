/** The open sessions, kept fresh by the server's events. */
import { api, problemOf } from "./api";
import { account } from "./account.svelte";
import { live } from "./live.svelte";
import type { Problem, Session } from "./types";

class Sessions {
  list = $state<Session[]>([]);
  loaded = $state(false);
  problem = $state<Problem | undefined>();
  /** Counts up when something happened, so that other views may ask again. */
  version = $state(0);
  #unlisten: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;
  #loading = false;
  #again = false;

  get(id: string): Session | undefined {
    return this.list.find((session) => session.id === id);
  }

  start(): void {
    this.#unlisten ??= live.listen(() => this.soon());
    live.start();
    // Events can be lost with a connection; a slow poll bounds how old the list can get.
    this.#poll ??= setInterval(() => this.soon(), 30_000);
    void this.load();
  }

  stop(): void {
    live.stop();
    this.#unlisten?.();
    this.#unlisten = undefined;
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  /** Several events in a row are one question. */
  soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), 120);
  }

  async load(): Promise<void> {
    if (account.state !== "in") return;
    if (this.#loading) {
      this.#again = true;
      return;
    }
    this.#loading = true;
    try {
      this.list = await open();
      this.problem = undefined;
      this.loaded = true;
      void account.load();
    } catch (error) {
      this.problem = problemOf(error);
    } finally {
      this.#loading = false;
      this.version += 1;
      if (this.#again) {
        this.#again = false;
        this.soon();
      }
    }
  }
}
export const sessions = new Sessions();

/** Prepared ones first: a session that is activated between the two questions is in both answers, never in none. */
async function open(): Promise<Session[]> {
  const prepared = await every("prepared");
  const active = await every("active");
  const seen = new Set(active.map((session) => session.id));
  return [...active, ...prepared.filter((session) => !seen.has(session.id))].sort((a, b) => b.created_at.localeCompare(a.created_at));
}

async function every(state: "prepared" | "active"): Promise<Session[]> {
  const all: Session[] = [];
  let next: string | undefined;
  do {
    const answer = await api.sessions({ state }, next);
    all.push(...answer.items);
    next = answer.next;
  } while (next !== undefined);
  return all;
}
