/** The list of sessions, kept fresh by the server's events: an event is a hint to ask again, never the truth itself. */
import { api, problemOf } from "./api";
import { account } from "./account.svelte";
import type { Problem, Session } from "./types";

/** An `EventSource` wants every name; they are those of core/server/src/events.rs, `resync` meaning that some were missed. */
const EVENTS = [
  "session.prepared", "session.code-wrong", "session.claimed", "session.activated", "session.ended", "session.changed",
  "host.online", "host.offline", "host.consent", "host.refused", "host.removed", "host.unreachable",
  "channel.opened", "channel.closed", "channel.refused", "licence.changed", "resync",
];

class Sessions {
  list = $state<Session[]>([]);
  loaded = $state(false);
  problem = $state<Problem | undefined>();
  /** Whether news arrive. */
  live = $state(false);
  /** Counts up when something happened, so that other views may ask again. */
  version = $state(0);
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;
  #loading = false;
  #again = false;

  get(id: string): Session | undefined {
    return this.list.find((session) => session.id === id);
  }

  start(): void {
    if (this.#source !== undefined) return;
    const source = new EventSource("/api/v1/events");
    this.#source = source;
    source.onopen = () => {
      this.live = true;
      this.soon();
    };
    source.onerror = () => {
      this.live = false;
      // A browser gives up after an answer that is no event stream (the log-in is gone, the server restarts).
      if (source.readyState === EventSource.CLOSED && this.#source === source) {
        this.#source = undefined;
        setTimeout(() => account.state === "in" && this.start(), 3000);
      }
      this.soon();
    };
    const changed = (): void => this.soon();
    source.onmessage = changed;
    for (const name of EVENTS) source.addEventListener(name, changed);
    // Events can be lost with a connection; a slow poll bounds how old the list can get.
    this.#poll ??= setInterval(() => this.soon(), 30_000);
    void this.load();
  }

  stop(): void {
    this.#source?.close();
    this.#source = undefined;
    clearInterval(this.#poll);
    this.#poll = undefined;
    this.live = false;
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
      this.list = await api.sessions();
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
