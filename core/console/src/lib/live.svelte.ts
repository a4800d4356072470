/** The server's events. An event is a hint to ask again, never the truth itself. */
import { account } from "./account.svelte";
import { EVENTS } from "./events";

type Listener = (name: string) => void;

class Live {
  /** Whether news arrive. */
  on = $state(false);
  /** They did, or should have: the connection failed and is not back yet. */
  lost = $state(false);
  #source: EventSource | undefined;
  #listeners = new Set<Listener>();

  /** Calls `listener` at every event, and as `resync` when the connection comes or goes. Answers how to stop. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    if (this.#source !== undefined) return;
    const source = new EventSource("/api/v1/events");
    this.#source = source;
    source.onopen = () => {
      this.on = true;
      this.lost = false;
      this.#tell("resync");
    };
    source.onerror = () => {
      this.on = false;
      this.lost = true;
      // A browser gives up after an answer that is no event stream (the log-in is gone, the server restarts).
      if (source.readyState === EventSource.CLOSED && this.#source === source) {
        this.#source = undefined;
        setTimeout(() => account.state === "in" && this.start(), 3000);
      }
      this.#tell("resync");
    };
    for (const name of EVENTS) source.addEventListener(name, () => this.#tell(name));
  }

  stop(): void {
    this.#source?.close();
    this.#source = undefined;
    this.on = false;
    this.lost = false;
  }

  #tell(name: string): void {
    // The server has the last word on whether this log-in is over.
    if (name === "login.ended") void account.load();
    for (const listener of this.#listeners) listener(name);
  }
}
export const live = new Live();
