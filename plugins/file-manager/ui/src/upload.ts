/** One file from the technician's computer to the customer's: hashed on the way, continued where a cut left it. */
import { createBLAKE3 } from "hash-wasm";
import { FileError, type Client } from "./client";
import type { Progress } from "./download";
import type { Path } from "./protocol";

/** Bytes sent that the component has not reported as written. */
const UNANSWERED = 8 << 20;
const READ_AT_ONCE = 1 << 20;

/** Answers whether an existing file may be replaced. */
export type AskReplace = (path: Path) => Promise<boolean>;

export class Upload {
  readonly path: Path;
  readonly #client: Client;
  readonly #file: File;
  readonly #chunk: number;
  readonly #progress: Progress;
  readonly #ask: AskReplace;
  #replace: boolean | undefined;
  #transfer: number | undefined;
  #cancelled = false;
  #stop: ((error: FileError) => void) | undefined;

  constructor(client: Client, file: File, path: Path, chunk: number, progress: Progress, ask: AskReplace) {
    this.#client = client;
    this.#file = file;
    this.path = path;
    this.#chunk = chunk;
    this.#progress = progress;
    this.#ask = ask;
  }

  /** Resolves with the hash that the component checked. */
  async run(): Promise<string> {
    if (this.#replace === undefined) this.#replace = await this.#mayReplace();
    this.#check();
    const file = this.#file;
    const key = `${file.size}-${file.lastModified}`;
    const { transfer, offset } = await this.#client.request("write", { path: this.path, key, size: file.size });
    this.#transfer = transfer;
    try {
      return await this.#send(transfer, offset);
    } finally {
      this.#client.forget(transfer);
      this.#transfer = undefined;
    }
  }

  async cancel(): Promise<void> {
    this.#cancelled = true;
    const transfer = this.#transfer;
    this.#stop?.(new FileError({ code: "cancelled", message: "cancelled" }));
    // The person does not want it any more: nothing is kept for a resume.
    if (transfer !== undefined) await this.#client.request("discard", { transfer }).catch(() => undefined);
  }

  #check(): void {
    if (this.#cancelled) throw new FileError({ code: "cancelled", message: "cancelled" });
  }

  /** Asked before a long upload, not after it. */
  async #mayReplace(): Promise<boolean> {
    try {
      await this.#client.request("stat", { path: this.path });
    } catch (error) {
      if (error instanceof FileError && error.code === "not-found") return false;
      throw error;
    }
    if (await this.#ask(this.path)) return true;
    throw new FileError({ code: "cancelled", message: "not replaced" });
  }

  async #send(transfer: number, offset: number): Promise<string> {
    const file = this.#file;
    const hasher = (await createBLAKE3()).init();
    let written = offset;
    let wake: () => void = () => undefined;
    let failed: FileError | undefined;
    const fail = (error: FileError): void => {
      failed ??= error;
      wake();
    };
    this.#stop = fail;
    this.#client.listen(transfer, {
      written: (to) => {
        written = Math.max(written, to);
        this.#progress(written, file.size);
        wake();
      },
      end: (event) => fail(new FileError(event.error ?? { code: "other", message: "the upload ended early" })),
      cut: () => fail(new FileError({ code: "cut", message: "the connection was cut" })),
    });
    this.#progress(offset, file.size);
    for (let at = 0; at < file.size; at += READ_AT_ONCE) {
      const piece = new Uint8Array(await readPiece(file, at, Math.min(at + READ_AT_ONCE, file.size)));
      hasher.update(piece);
      // What the other side holds already is hashed only.
      for (let from = Math.max(0, offset - at); from < piece.length; from += this.#chunk) {
        while (failed === undefined && at + from - written > UNANSWERED) await new Promise<void>((resolve) => (wake = resolve));
        if (failed !== undefined) throw failed;
        await this.#client.send(transfer, at + from, piece.subarray(from, from + this.#chunk));
      }
      if (failed !== undefined) throw failed;
    }
    const blake3 = hasher.digest("hex");
    await this.#commit(transfer, blake3);
    this.#progress(file.size, file.size);
    return blake3;
  }

  async #commit(transfer: number, blake3: string): Promise<void> {
    const commit = (): Promise<unknown> =>
      this.#client.request("commit", { transfer, blake3, modified: this.#file.lastModified, replace: this.#replace === true });
    try {
      await commit();
    } catch (error) {
      // Somebody made such a file meanwhile.
      if (!(error instanceof FileError) || error.code !== "already-exists" || this.#replace === true) throw error;
      if (!(await this.#ask(this.path))) {
        await this.#client.request("discard", { transfer }).catch(() => undefined);
        throw new FileError({ code: "cancelled", message: "not replaced" });
      }
      this.#replace = true;
      await commit();
    }
  }
}

async function readPiece(file: File, from: number, to: number): Promise<ArrayBuffer> {
  try {
    return await file.slice(from, to).arrayBuffer();
  } catch {
    throw new FileError({ code: "source", message: "the file on this computer could not be read; was it changed or removed?" });
  }
}
