/** What the console does for a plugin's page (PROTOCOL.md, requests): the page itself can do none of it. */
import { ServiceError, type Answers, type Ask, type PickedFile, type Services } from "@hospes/bridge/shell";
import { beginSave, type Target } from "./save";

interface LockableKeyboard {
  lock(keys?: string[]): Promise<void>;
  unlock(): void;
}
interface WithKeyboard {
  keyboard?: LockableKeyboard;
}

/** Saves of one channel that run at the same time. */
const MAX_SAVES = 32;

export class ConsoleServices implements Services {
  readonly #saves = new Map<number, { target: Target; last: Promise<void> }>();
  readonly #element: () => HTMLElement | undefined;
  #nextSave = 1;

  /** `element` is what full screen shows. */
  constructor(element: () => HTMLElement | undefined) {
    this.#element = element;
  }

  async ask<A extends Ask>(ask: A, signal: AbortSignal): Promise<Answers[A["ask"]]> {
    return (await this.#answer(ask, signal)) as Answers[A["ask"]];
  }

  dispose(): void {
    for (const { target, last } of this.#saves.values()) void last.finally(() => target.abort()).catch(() => undefined);
    this.#saves.clear();
  }

  async #answer(ask: Ask, signal: AbortSignal): Promise<Answers[Ask["ask"]]> {
    switch (ask.ask) {
      case "save-begin": {
        if (this.#saves.size >= MAX_SAVES) throw new ServiceError("unavailable", `more than ${MAX_SAVES} files are being saved`);
        const target = await beginSave(ask.name, ask.size);
        const save = this.#nextSave++;
        this.#saves.set(save, { target, last: Promise.resolve() });
        return { save };
      }
      case "save-write":
        await this.#inOrder(ask.save, (target) => target.write(ask.data));
        return {};
      case "save-end":
        await this.#inOrder(ask.save, (target) => target.end());
        this.#saves.delete(ask.save);
        return {};
      case "save-abort": {
        const { target } = this.#save(ask.save);
        this.#saves.delete(ask.save);
        await target.abort();
        return {};
      }
      case "pick-files":
        return { files: await pickFiles(ask.multiple, ask.folder, signal) };
      case "clipboard-read":
        return { text: await allowed(() => navigator.clipboard.readText()) };
      case "clipboard-write":
        await allowed(() => navigator.clipboard.writeText(ask.text));
        return {};
      case "full-screen":
        return { on: await this.#fullScreen(ask.on) };
      case "keyboard-lock":
        return { on: await lockKeyboard(ask.on, ask.keys) };
    }
  }

  #save(save: number): { target: Target; last: Promise<void> } {
    const found = this.#saves.get(save);
    if (found === undefined) throw new ServiceError("unknown-save", `there is no running save ${save}`);
    return found;
  }

  #inOrder(save: number, work: (target: Target) => Promise<void>): Promise<void> {
    const found = this.#save(save);
    const next = found.last.then(() => work(found.target));
    found.last = next;
    return next;
  }

  async #fullScreen(on: boolean): Promise<boolean> {
    if (!on) {
      if (document.fullscreenElement !== null) await document.exitFullscreen();
      return false;
    }
    const element = this.#element();
    if (element === undefined || !document.fullscreenEnabled) throw new ServiceError("unavailable", "the browser has no full screen");
    await allowed(() => element.requestFullscreen({ navigationUI: "hide" }));
    return true;
  }
}

async function lockKeyboard(on: boolean, keys: string[] | undefined): Promise<boolean> {
  const { keyboard } = navigator as WithKeyboard;
  if (keyboard === undefined) throw new ServiceError("unavailable", "the browser cannot lock the keyboard");
  if (!on) {
    keyboard.unlock();
    return false;
  }
  await allowed(() => keyboard.lock(keys));
  return true;
}

async function allowed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const denied = error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "SecurityError");
    throw new ServiceError(denied ? "denied" : "unavailable", error instanceof Error ? error.message : String(error));
  }
}

function pickFiles(multiple: boolean, folder: boolean, signal: AbortSignal): Promise<PickedFile[]> {
  return new Promise((resolve, reject) => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = multiple;
    input.webkitdirectory = folder;
    input.hidden = true;
    input.dataset["testid"] = "pick-files";
    document.body.append(input);
    const done = (work: () => void): void => {
      input.remove();
      work();
    };
    input.onchange = () =>
      done(() => resolve([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }))));
    const cancelled = (): void => done(() => reject(new ServiceError("cancelled", "no file was picked")));
    input.oncancel = cancelled;
    signal.addEventListener("abort", cancelled);
    input.click();
  });
}
