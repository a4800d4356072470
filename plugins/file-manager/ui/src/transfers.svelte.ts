/** The list of transfers: a few at a time, the rest waits; after a cut they go on by themselves. */
import type { Bridge, PickedFile } from "@hospes/bridge";
import { FileError, type Client } from "./client";
import { codeOf, Download } from "./download";
import { Speed } from "./format";
import type { Entry, Failure, Path } from "./protocol";
import { Upload, type AskReplace } from "./upload";

export type TransferState = "waiting" | "running" | "cut" | "done" | "failed" | "cancelled";

/** More would only share the same line. */
const AT_ONCE = 4;
/** `busy` and the like: pause before the next try, in milliseconds. */
const BUSY_PAUSE = 500;

interface Job {
  run(): Promise<string>;
  cancel(): Promise<void>;
}

export class Transfer {
  state = $state<TransferState>("waiting");
  done = $state(0);
  size = $state(0);
  speed = $state<number | undefined>();
  hash = $state("");
  failure = $state.raw<Failure | undefined>();
  job!: Job;
  readonly meter = new Speed();
  #shown = 0;

  constructor(
    readonly id: number,
    readonly kind: "download" | "upload",
    readonly path: Path,
    size: number,
  ) {
    this.size = size;
  }

  get name(): string {
    return this.path.at(-1) ?? "";
  }
  /** Seconds; `undefined` until it can be told. */
  get left(): number | undefined {
    return this.speed === undefined || this.speed <= 0 ? undefined : (this.size - this.done) / this.speed;
  }
  get over(): boolean {
    return this.state === "done" || this.state === "failed" || this.state === "cancelled";
  }

  progress(done: number, size: number): void {
    const now = performance.now();
    this.meter.add(now, done);
    // A figure that changes a thousand times a second is not read by anybody.
    if (now - this.#shown < 100 && done < size) return;
    this.#shown = now;
    this.done = done;
    this.size = size;
    this.speed = this.meter.value;
  }
}

export class Transfers {
  list = $state<Transfer[]>([]);
  /** A file came to its place. */
  onUploaded: (path: Path) => void = () => undefined;
  readonly #client: Client;
  readonly #bridge: Bridge;
  readonly #ask: AskReplace;
  chunk = 256 << 10;
  limit = AT_ONCE;
  #nextId = 1;

  constructor(client: Client, bridge: Bridge, ask: AskReplace) {
    this.#client = client;
    this.#bridge = bridge;
    this.#ask = ask;
  }

  get unfinished(): number {
    return this.list.filter((transfer) => !transfer.over).length;
  }

  download(directory: Path, entry: Entry): void {
    const path = [...directory, entry.name];
    this.#add("download", path, entry.size, (progress) => new Download(this.#client, this.#bridge, path, entry.size, progress));
  }

  upload(directory: Path, picked: PickedFile[]): void {
    const made = new Map<string, Promise<unknown>>();
    for (const { path: relative, file } of picked) {
      const path = [...directory, ...relative.split("/").filter((name) => name !== "" && name !== "." && name !== "..")];
      const parent = path.slice(0, -1);
      this.#add("upload", path, file.size, (progress) => {
        const upload = new Upload(this.#client, file, path, this.chunk, progress, this.#ask);
        if (parent.length === directory.length) return upload;
        return {
          run: async () => {
            const key = JSON.stringify(parent);
            const making = made.get(key) ?? this.#client.request("mkdir", { path: parent, parents: true });
            made.set(key, making);
            await making.catch((error: unknown) => {
              made.delete(key);
              throw error;
            });
            return upload.run();
          },
          cancel: () => upload.cancel(),
        };
      });
    }
  }

  /** After `hello`: what was cut goes on. */
  resume(): void {
    for (const transfer of this.list) if (transfer.state === "cut") transfer.state = "waiting";
    this.#next();
  }

  async cancel(transfer: Transfer): Promise<void> {
    if (transfer.over) return;
    transfer.state = "cancelled";
    await transfer.job.cancel();
    this.#next();
  }

  retry(transfer: Transfer): void {
    transfer.failure = undefined;
    transfer.state = "waiting";
    this.#next();
  }

  clear(): void {
    this.list = this.list.filter((transfer) => !transfer.over);
  }

  #add(kind: "download" | "upload", path: Path, size: number, job: (progress: (done: number, size: number) => void) => Job): void {
    const transfer = new Transfer(this.#nextId++, kind, path, size);
    transfer.job = job((done, all) => transfer.progress(done, all));
    this.list.push(transfer);
    this.#next();
  }

  #next(): void {
    if (!this.#client.open) return;
    for (const transfer of this.list) {
      const running = this.list.filter((other) => other.state === "running").length;
      if (running >= this.limit) return;
      if (transfer.state === "waiting") void this.#run(transfer);
    }
  }

  async #run(transfer: Transfer): Promise<void> {
    transfer.state = "running";
    transfer.meter.reset();
    transfer.speed = undefined;
    try {
      transfer.hash = await transfer.job.run();
      transfer.done = transfer.size;
      transfer.state = "done";
      if (transfer.kind === "upload") this.onUploaded(transfer.path);
    } catch (error) {
      if (transfer.state !== "running") return;
      const failure = error instanceof FileError ? error.failure : { code: codeOf(error), message: String(error) };
      if (failure.code === "cut") {
        transfer.state = "cut";
        // The new channel can be there before the old one's failure is.
        if (this.#client.open) setTimeout(() => this.resume(), BUSY_PAUSE);
      } else if (failure.code === "busy") {
        transfer.state = "cut";
        setTimeout(() => this.resume(), BUSY_PAUSE);
      } else if (failure.code === "cancelled") transfer.state = "cancelled";
      else {
        transfer.failure = failure;
        transfer.state = "failed";
      }
    } finally {
      this.#next();
    }
  }
}
