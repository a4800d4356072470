/** Runs core/pake/web: see its module documentation for the calls. */
import type { PakeAnswer } from "./pake";

interface Pake {
  memory: WebAssembly.Memory;
  buffer(): number;
  login_start(passwordLength: number): number;
  login_finish(responseLength: number): number;
}

const BUFFER = 4096;
let pake: Pake | undefined;

function call(module: Pake, step: (length: number) => number, bytes: Uint8Array): PakeAnswer {
  if (bytes.length + 32 > BUFFER) return { failed: -3 };
  const view = (): Uint8Array => new Uint8Array(module.memory.buffer, module.buffer(), BUFFER);
  view().set(crypto.getRandomValues(new Uint8Array(32)));
  view().set(bytes, 32);
  const length = step(bytes.length);
  return length < 0 ? { failed: length } : { message: view().slice(0, length) };
}

onmessage = async (event: MessageEvent<{ wasm?: string; password?: string; response?: Uint8Array }>) => {
  const { wasm, password, response } = event.data;
  if (wasm !== undefined && password !== undefined) {
    const answer = await fetch(wasm);
    if (!answer.ok) throw new Error(`the password proof could not be loaded (${answer.status})`);
    const { instance } = await WebAssembly.instantiate(await answer.arrayBuffer(), {});
    pake = instance.exports as unknown as Pake;
    postMessage(call(pake, pake.login_start, new TextEncoder().encode(password)));
  } else if (pake !== undefined && response !== undefined) {
    postMessage(call(pake, pake.login_finish, response));
  } else {
    postMessage({ failed: -4 } satisfies PakeAnswer);
  }
};
