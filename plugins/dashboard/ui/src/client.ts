/** Requests and replies over the bridge, and what the component sends by itself. */
import type { Bridge } from "@hospes/bridge";
import { read, type Failure, type Figures, type Hello, type Ok, type Part } from "./protocol";

/** A named failure: the component's, or `cut` when the channel is gone. */
export class HostError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = "HostError";
  }
}

const cut = (): HostError => new HostError({ code: "cut", message: "the connection was cut" });

export function failed(error: unknown): Failure {
  return error instanceof HostError ? error.failure : { code: "page", message: String(error) };
}

type Pipe = Pick<Bridge, "sendJson" | "onMessage" | "onClosed" | "onReopen">;

export class Client {
  /** The component is there (again). */
  onHello: (hello: Hello) => void = () => undefined;
  onFigures: (figures: Figures) => void = () => undefined;
  onCut: () => void = () => undefined;

  readonly #bridge: Pipe;
  readonly #pending = new Map<number, { resolve: (ok: never) => void; reject: (error: HostError) => void }>();
  #nextId = 1;
  #open = false;

  constructor(bridge: Pipe) {
    this.#bridge = bridge;
  }

  start(): void {
    this.#bridge.onMessage((message) => this.#receive(message));
    this.#bridge.onClosed(() => this.#closed());
    this.#bridge.onReopen(() => undefined);
  }

  async request<O extends keyof Ok>(op: O, fields: object = {}): Promise<Ok[O]> {
    if (!this.#open) throw cut();
    const id = this.#nextId++;
    const answer = new Promise<Ok[O]>((resolve, reject) => this.#pending.set(id, { resolve: resolve as (ok: never) => void, reject }));
    answer.catch(() => undefined);
    try {
      await this.#bridge.sendJson({ id, op, ...fields });
    } catch {
      this.#pending.delete(id);
      throw cut();
    }
    return answer;
  }

  /** What the component reads and sends from now on; nothing when `show` is empty. */
  watch(show: readonly Part[], every: number): void {
    if (this.#open) this.#bridge.sendJson({ op: "watch", show, every }).catch(() => undefined);
  }

  #receive(message: ArrayBuffer): void {
    const incoming = read(message);
    if (incoming === undefined) return;
    if ("id" in incoming) {
      const pending = this.#pending.get(incoming.id);
      this.#pending.delete(incoming.id);
      if ("error" in incoming) pending?.reject(new HostError(incoming.error));
      else pending?.resolve(incoming.ok as never);
      return;
    }
    switch (incoming.event) {
      case "hello":
        this.#open = true;
        return this.onHello(incoming);
      case "figures":
        return this.onFigures(incoming);
      case "error":
        console.warn(`dashboard: ${incoming.error.code}: ${incoming.error.message}`);
    }
  }

  #closed(): void {
    this.#open = false;
    for (const pending of this.#pending.values()) pending.reject(cut());
    this.#pending.clear();
    this.onCut();
  }
}
