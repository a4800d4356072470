/**
 * The session password's proof in the page (core/pake/web): one instance of the module for each try, in a worker because
 * the password is stretched with argon2id, which takes some tenths of a second.
 */
import PakeWorker from "./pake.worker?worker";
import wasmUrl from "../generated/pake.wasm?url";

export type PakeAnswer = { message: Uint8Array } | { failed: number };

/** The password does not fit. */
export class WrongPassword extends Error {}

export class PakeLogin {
  readonly #worker = new PakeWorker();

  /** First message for the host. */
  start(password: string): Promise<Uint8Array> {
    return this.#call({ wasm: wasmUrl, password });
  }

  /** Third message for the host, made of its response; throws [`WrongPassword`]. */
  finish(response: Uint8Array): Promise<Uint8Array> {
    return this.#call({ response });
  }

  dispose(): void {
    this.#worker.terminate();
  }

  #call(message: object): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = (event: MessageEvent<PakeAnswer>) => {
        const answer = event.data;
        if ("message" in answer) resolve(answer.message);
        else if (answer.failed === -1) reject(new WrongPassword());
        else reject(new Error(`the password proof failed (${answer.failed})`));
      };
      this.#worker.onerror = (event) => reject(new Error(event.message || "the password proof could not be loaded"));
      this.#worker.postMessage(message);
    });
  }
}
