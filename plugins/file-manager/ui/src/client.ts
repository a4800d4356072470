/** Requests and replies over the bridge; data and events go to whoever runs the transfer. */
import type { Bridge } from "@hospes/bridge";
import { data, read, type Data, type Event, type Failure, type Hello, type Ok } from "./protocol";

/** A named failure: the component's, or `cut` when the channel is gone. */
export class FileError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = "FileError";
  }
  get code(): string {
    return this.failure.code;
  }
}

const cut = (): FileError => new FileError({ code: "cut", message: "the connection was cut" });

export interface TransferListener {
  data?(data: Data): void | Promise<void>;
  written?(offset: number): void;
  end(event: Event & { event: "end" }): void;
  cut(): void;
}

type Pipe = Pick<Bridge, "send" | "sendJson" | "onMessage" | "onClosed" | "onReopen">;

export class Client {
  /** The component is there (again). */
  onHello: (hello: Hello) => void = () => undefined;
  onProgress: (id: number, removed: number) => void = () => undefined;
  onCut: () => void = () => undefined;

  readonly #bridge: Pipe;
  readonly #pending = new Map<number, { resolve: (ok: never) => void; reject: (error: FileError) => void }>();
  readonly #transfers = new Map<number, TransferListener>();
  /** Data can overtake the reader of the `read` reply by a turn of the event loop. */
  readonly #early = new Map<number, (Data | (Event & { event: "end" }))[]>();
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

  get open(): boolean {
    return this.#open;
  }

  /** Sends a request; `onId` tells the id, for `cancel`. */
  async request<O extends keyof Ok>(op: O, fields: object, onId?: (id: number) => void): Promise<Ok[O]> {
    if (!this.#open) throw cut();
    const id = this.#nextId++;
    onId?.(id);
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

  /** Without a reply. */
  credit(transfer: number, bytes: number): void {
    this.#bridge.sendJson({ op: "credit", transfer, bytes }).catch(() => undefined);
  }

  async send(transfer: number, offset: number, bytes: Uint8Array): Promise<void> {
    try {
      await this.#bridge.send(data(transfer, offset, bytes));
    } catch {
      throw cut();
    }
  }

  listen(transfer: number, listener: TransferListener): void {
    if (!this.#open) return listener.cut();
    this.#transfers.set(transfer, listener);
    for (const early of this.#early.get(transfer) ?? []) {
      if ("event" in early) this.#end(early);
      else void listener.data?.(early);
    }
    this.#early.delete(transfer);
  }
  forget(transfer: number): void {
    this.#transfers.delete(transfer);
  }

  #end(event: Event & { event: "end" }): void {
    const listener = this.#transfers.get(event.transfer);
    this.#transfers.delete(event.transfer);
    listener?.end(event);
  }

  async #receive(message: ArrayBuffer): Promise<void> {
    const incoming = read(message);
    if (incoming === undefined) return;
    if (incoming.kind === "data") {
      const listener = this.#transfers.get(incoming.data.transfer);
      if (listener !== undefined) return listener.data?.(incoming.data);
      return this.#remember(incoming.data.transfer, incoming.data);
    }
    if (incoming.kind === "reply") {
      const { reply } = incoming;
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if ("error" in reply) pending?.reject(new FileError(reply.error));
      else pending?.resolve(reply.ok as never);
      return;
    }
    const { event } = incoming;
    switch (event.event) {
      case "hello":
        this.#open = true;
        return this.onHello(event);
      case "progress":
        return this.onProgress(event.id, event.removed);
      case "written":
        return this.#transfers.get(event.transfer)?.written?.(event.offset);
      case "end":
        if (this.#transfers.has(event.transfer)) return this.#end(event);
        return this.#remember(event.transfer, event);
      case "error":
        console.warn(`file-manager: ${event.error.code}: ${event.error.message}`);
    }
  }

  #remember(transfer: number, what: Data | (Event & { event: "end" })): void {
    // What belongs to no reader soon belongs to a transfer that was cancelled.
    const list = this.#early.get(transfer) ?? [];
    list.push(what);
    this.#early.set(transfer, list);
    if (this.#early.size > 64) this.#early.delete(this.#early.keys().next().value ?? -1);
  }

  #closed(): void {
    this.#open = false;
    for (const pending of this.#pending.values()) pending.reject(cut());
    this.#pending.clear();
    this.#early.clear();
    const listeners = [...this.#transfers.values()];
    this.#transfers.clear();
    for (const listener of listeners) listener.cut();
    this.onCut();
  }
}
