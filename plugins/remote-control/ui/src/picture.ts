/** The worker that decodes and draws, seen from the page. */
import workerUrl from "./decoder.worker.ts?data-url";
import type { FromWorker, ToWorker } from "./decoder.worker";
import tilesUrl from "./generated/tiles.wasm?url";

export interface PictureEvents {
  frame(sequence: number, takenAt: number, width: number, height: number): void;
  /** A message did not decode. */
  refresh(): void;
  failed(message: string): void;
}

export class Picture {
  readonly #worker = new Worker(workerUrl);
  readonly #events: PictureEvents;
  readonly #decoded: (() => void)[] = [];
  readonly #pixels = new Map<number, (pixels: FromWorker & { type: "pixels" }) => void>();
  #nextId = 1;
  #ready!: () => void;
  readonly ready = new Promise<void>((resolve) => (this.#ready = resolve));

  constructor(canvas: HTMLCanvasElement, events: PictureEvents) {
    this.#events = events;
    this.#worker.onmessage = (event: MessageEvent<FromWorker>) => this.#receive(event.data);
    this.#worker.onerror = (event) => events.failed(event.message || "the decoder did not start");
    void this.#start(canvas.transferControlToOffscreen());
  }

  /** Resolves when the message is drawn. */
  tiles(data: ArrayBuffer): Promise<void> {
    return new Promise((resolve) => {
      this.#decoded.push(resolve);
      this.#worker.postMessage({ type: "tiles", data } satisfies ToWorker, [data]);
    });
  }

  /** What is on the canvas now, as red, green, blue, alpha. */
  pixels(): Promise<{ width: number; height: number; sequence: number; rgba: ArrayBuffer }> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#pixels.set(id, resolve);
      this.#worker.postMessage({ type: "pixels", id } satisfies ToWorker);
    });
  }

  async #start(canvas: OffscreenCanvas): Promise<void> {
    try {
      const answer = await fetch(tilesUrl);
      if (!answer.ok) throw new Error(`the tile decoder could not be loaded (${answer.status})`);
      const wasm = await answer.arrayBuffer();
      this.#worker.postMessage({ type: "start", wasm, canvas } satisfies ToWorker, [wasm, canvas]);
    } catch (error) {
      this.#events.failed(error instanceof Error ? error.message : String(error));
    }
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        return this.#ready();
      case "failed":
        return this.#events.failed(message.message);
      case "decoded":
        return this.#decoded.shift()?.();
      case "refresh":
        return this.#events.refresh();
      case "frame":
        return this.#events.frame(message.sequence, message.takenAt, message.width, message.height);
      case "pixels":
        this.#pixels.get(message.id)?.(message);
        this.#pixels.delete(message.id);
    }
  }
}
