// Loads the built module in Node.js and walks through its errors and a first message:
//   node core/pake/web/smoke.mjs target/wasm32-unknown-unknown/plugin/hospes_pake_web.wasm
// The proof itself is tested against the host's side in Rust (src/lib.rs); here the point is that a JavaScript engine
// can instantiate the module without imports, and what a login costs.
import { readFile } from "node:fs/promises";
import assert from "node:assert/strict";

const module = await WebAssembly.compile(await readFile(process.argv[2]));
assert.deepEqual(WebAssembly.Module.imports(module), [], "the module must not import anything");

const { exports } = await WebAssembly.instantiate(module, {});
const view = () => new Uint8Array(exports.memory.buffer, exports.buffer(), 4096);
const call = (f, bytes) => {
  view().set(crypto.getRandomValues(new Uint8Array(32)));
  view().set(bytes, 32);
  const length = f(bytes.length);
  return length < 0 ? length : view().slice(0, length);
};

assert.equal(call(exports.login_finish, new Uint8Array(320)), -4);
assert.equal(call(exports.login_start, new Uint8Array(0)), -3);
const first = call(exports.login_start, new TextEncoder().encode("correct horse"));
assert.equal(first.length, 96);
// A well-formed point, but nobody's response: costs the whole of argon2id, then says that the password is wrong.
const response = new Uint8Array(320);
response.set(first.subarray(64, 96), 0);
response.set(first.subarray(64, 96), 224);
const started = performance.now();
assert.equal(call(exports.login_finish, response), -1);
console.log(`ok, finish took ${Math.round(performance.now() - started)} ms`);
