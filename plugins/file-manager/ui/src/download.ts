/** One file from the customer's computer to the technician's: in order, hashed on the way, resumed after a cut. */
import type { Bridge, Save } from "@hospes/bridge";
import { createBLAKE3, type IHasher } from "hash-wasm";
import { FileError, type Client } from "./client";
import type { Path } from "./protocol";

/** Bytes that may be under way. */
const WINDOW = 8 << 20;

export interface Progress {
  (done: number, size: number): void;
}

/** Resolves with the verified hash; throws a [`FileError`]. `code: "cut"` can be followed by another [`run`]. */
export class Download {
  readonly path: Path;
  readonly #client: Client;
  readonly #bridge: Pick<Bridge, "save">;
  readonly #progress: Progress;
  #save: Save | undefined;
  #hasher: IHasher | undefined;
  #done = 0;
  #size: number;
  #modified: number | undefined;
  #transfer: number | undefined;
  #stop: ((error: FileError) => void) | undefined;

  constructor(client: Client, bridge: Pick<Bridge, "save">, path: Path, size: number, progress: Progress) {
    this.#client = client;
    this.#bridge = bridge;
    this.path = path;
    this.#size = size;
    this.#progress = progress;
  }

  async run(): Promise<string> {
    try {
      return await this.#run();
    } catch (error) {
      if (!(error instanceof FileError && error.code === "cut")) await this.#giveUp();
      throw error;
    }
  }

  async cancel(): Promise<void> {
    const transfer = this.#transfer;
    if (transfer !== undefined) {
      this.#client.forget(transfer);
      await this.#client.request("cancel", { transfer }).catch(() => undefined);
    }
    this.#stop?.(new FileError({ code: "cancelled", message: "cancelled" }));
    await this.#giveUp();
  }

  async #giveUp(): Promise<void> {
    const save = this.#save;
    this.#save = undefined;
    await save?.abort().catch(() => undefined);
  }

  async #run(): Promise<string> {
    // The place is asked for first: a browser shows its dialogue only soon after the click.
    this.#save ??= await this.#bridge.save(this.path.at(-1) ?? "file", this.#size);
    this.#hasher ??= (await createBLAKE3()).init();
    const save = this.#save;
    const hasher = this.#hasher;
    const reply = await this.#client.request("read", { path: this.path, offset: this.#done, window: WINDOW });
    this.#transfer = reply.transfer;
    if (this.#done > 0 && (reply.size !== this.#size || reply.modified !== this.#modified)) {
      await this.#client.request("cancel", { transfer: reply.transfer }).catch(() => undefined);
      throw new FileError({ code: "changed", message: "the file changed since the download began" });
    }
    this.#size = reply.size;
    this.#modified = reply.modified;
    this.#progress(this.#done, this.#size);

    const hash = await new Promise<string>((resolve, reject) => {
      const fail = (error: unknown): void => {
        this.#client.forget(reply.transfer);
        reject(error instanceof FileError ? error : new FileError({ code: codeOf(error), message: String(error) }));
      };
      this.#stop = fail;
      this.#client.listen(reply.transfer, {
        data: async ({ offset, bytes }) => {
          if (offset !== this.#done) return fail(new FileError({ code: "invalid", message: `bytes from ${offset}, not ${this.#done}` }));
          hasher.update(bytes);
          const length = bytes.length;
          this.#done += length;
          try {
            await save.write(bytes.slice().buffer);
          } catch (error) {
            void this.#client.request("cancel", { transfer: reply.transfer }).catch(() => undefined);
            return fail(error);
          }
          this.#client.credit(reply.transfer, length);
          this.#progress(this.#done, this.#size);
        },
        end: (event) => {
          if (event.error !== undefined) return fail(new FileError(event.error));
          resolve(event.blake3 ?? "");
        },
        cut: () => fail(new FileError({ code: "cut", message: "the connection was cut" })),
      });
    });
    this.#transfer = undefined;
    const own = hasher.digest("hex");
    if (own !== hash) throw new FileError({ code: "wrong-hash", message: `BLAKE3 is ${own}, not ${hash}` });
    try {
      await save.end();
    } catch (error) {
      throw new FileError({ code: codeOf(error), message: String(error) });
    }
    this.#save = undefined;
    return own;
  }
}

/** Code of a failure of the bridge (`disk`, `too-large`, `cancelled`), which has one too. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? (code === "closed" ? "cut" : code) : "other";
}
