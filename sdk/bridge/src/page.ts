/**
 * The plugin page's side of the bridge.
 *
 * ```ts
 * const bridge = await connect();
 * bridge.onMessage(async (data) => { ... });           // credit goes back when this resolves
 * await bridge.send(new TextEncoder().encode("{}"));    // waits while the other side is slow
 * ```
 */
import { Credit } from "./credit.js";
import {
  MAX_MESSAGE,
  MAX_SAVE_PIECE,
  VERSION,
  WINDOW,
  type Answers,
  type Ask,
  type BridgeError,
  type CloseReason,
  type FromPage,
  type FromShell,
  type Language,
  type NoticeLevel,
  type Open,
  type PickedFile,
  type Problem,
  type Theme,
} from "./protocol.js";

export type { BridgeError, CloseReason, Language, NoticeLevel, Open, PickedFile, Problem, Theme } from "./protocol.js";
export { MAX_MESSAGE, safeFileName } from "./protocol.js";

/** Why a request to the shell failed, or why nothing can be sent any more (`closed`). */
export class BridgeFailure extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "BridgeFailure";
  }
}

/** A file being saved on the technician's computer. */
export interface Save {
  /** Appends; waits while the disk is slow. The buffer is transferred: do not use it afterwards. */
  write(data: ArrayBuffer): Promise<void>;
  /** Puts the file in its place. */
  end(): Promise<void>;
  /** Leaves nothing. */
  abort(): Promise<void>;
}

type Handlers = {
  message: (data: ArrayBuffer) => void | Promise<void>;
  finish: () => void;
  closed: (reason: CloseReason, problem?: Problem) => void;
  interfaces: (interfaces: string[]) => void;
  theme: (theme: Theme) => void;
  language: (language: Language) => void;
  visible: (visible: boolean) => void;
  reopen: (open: Open) => void;
};

type Pending = { saving: boolean; resolve: (value: never) => void; reject: (error: BridgeFailure) => void };

/** One open channel, seen from the page. */
export class Bridge {
  readonly #port: MessagePort;
  #open: Open;
  #credit: Credit;
  readonly #handlers: Partial<Handlers> = {};
  readonly #pending = new Map<number, Pending>();
  /** Messages that came before a handler was there. */
  #early: ArrayBuffer[] = [];
  #nextId = 1;
  #closed = false;

  /** @internal */
  constructor(port: MessagePort, open: Open) {
    this.#open = open;
    this.#port = port;
    this.#credit = new Credit(open.window);
    port.onmessage = (event: MessageEvent<FromShell>) => this.#receive(event.data);
  }

  /** Facts about the channel. */
  get open(): Open {
    return this.#open;
  }
  get closed(): boolean {
    return this.#closed;
  }

  /** Messages of the component, in order. The shell gets its credit back when the handler's promise resolves. */
  onMessage(handler: Handlers["message"]): void {
    this.#handlers.message = handler;
    for (const data of this.#early.splice(0)) this.#handle(data);
  }
  /** The component sends no more. */
  onFinish(handler: Handlers["finish"]): void {
    this.#handlers.finish = handler;
  }
  /** The channel is over. */
  onClosed(handler: Handlers["closed"]): void {
    this.#handlers.closed = handler;
  }
  /** A new channel is there after a cut; without this handler the page is loaded anew instead. */
  onReopen(handler: Handlers["reopen"]): void {
    this.#handlers.reopen = handler;
    this.#post({ type: "reopens" });
  }
  /** What is unlocked has changed. */
  onInterfaces(handler: Handlers["interfaces"]): void {
    this.#handlers.interfaces = handler;
  }
  onTheme(handler: Handlers["theme"]): void {
    this.#handlers.theme = handler;
  }
  onLanguage(handler: Handlers["language"]): void {
    this.#handlers.language = handler;
  }
  /** The tab came to the front or went behind; `open.visible` is the same. */
  onVisible(handler: Handlers["visible"]): void {
    this.#handlers.visible = handler;
  }

  /** Sends one message of 1 byte to 1 MiB; waits while the other side is slow. An `ArrayBuffer` is transferred. */
  async send(data: ArrayBuffer | Uint8Array): Promise<void> {
    const buffer = data instanceof ArrayBuffer ? data : data.slice().buffer;
    if (buffer.byteLength === 0 || buffer.byteLength > MAX_MESSAGE)
      throw new BridgeFailure("invalid", `a message has 1 to ${MAX_MESSAGE} bytes, this one has ${buffer.byteLength}`);
    await this.#credit.take(buffer.byteLength);
    this.#post({ type: "message", data: buffer }, [buffer]);
  }

  /** Sends `value` as one message of JSON. */
  sendJson(value: unknown): Promise<void> {
    return this.send(new TextEncoder().encode(JSON.stringify(value)).buffer);
  }

  /** The page sends no more messages. */
  finish(): void {
    this.#post({ type: "finish" });
  }
  /** Asks for the channel to be closed. */
  close(): void {
    this.#post({ type: "close" });
  }
  /** What the tab shows beside the capability's name. */
  title(text: string): void {
    this.#post({ type: "title", text });
  }
  /** A line in the shell's live region. */
  notice(level: NoticeLevel, text: string): void {
    this.#post({ type: "notice", level, text });
  }

  /** Starts saving a file on the technician's computer; needs a click when it is over 64 MiB. */
  async save(name: string, size?: number): Promise<Save> {
    const { save } = await this.#ask(
      size === undefined ? { ask: "save-begin", name } : { ask: "save-begin", name, size },
    );
    const room = new Credit(MAX_SAVE_PIECE);
    let failed: unknown;
    const unanswered = new Set<Promise<void>>();
    return {
      write: async (data) => {
        if (failed !== undefined) throw failed;
        const bytes = data.byteLength;
        await room.take(bytes);
        const answered = this.#ask({ ask: "save-write", save, data }, [data]).then(
          () => room.give(bytes),
          (error: unknown) => {
            failed = error;
            room.close(error);
          },
        );
        unanswered.add(answered);
        void answered.finally(() => unanswered.delete(answered));
      },
      end: async () => {
        await Promise.all(unanswered);
        if (failed !== undefined) throw failed;
        await this.#ask({ ask: "save-end", save });
      },
      abort: async () => {
        await this.#ask({ ask: "save-abort", save });
      },
    };
  }

  /** Lets the technician pick files, or a folder; call it from a click. */
  async pickFiles(options: { multiple?: boolean; folder?: boolean } = {}): Promise<PickedFile[]> {
    const { multiple = true, folder = false } = options;
    return (await this.#ask({ ask: "pick-files", multiple, folder })).files;
  }
  async readClipboard(): Promise<string> {
    return (await this.#ask({ ask: "clipboard-read" })).text;
  }
  async writeClipboard(text: string): Promise<void> {
    await this.#ask({ ask: "clipboard-write", text });
  }
  /** Shows the tab on the whole screen, or no longer; answers what is the case then. */
  async fullScreen(on: boolean): Promise<boolean> {
    return (await this.#ask({ ask: "full-screen", on })).on;
  }
  /** Takes keys that the browser keeps for itself; works in full screen only. */
  async keyboardLock(on: boolean, keys?: string[]): Promise<boolean> {
    return (await this.#ask(keys === undefined ? { ask: "keyboard-lock", on } : { ask: "keyboard-lock", on, keys })).on;
  }

  #ask<A extends Ask>(ask: A, transfer: Transferable[] = []): Promise<Answers[A["ask"]]> {
    // Saving goes on while the channel is cut, so that a download can be resumed.
    const saving = ask.ask.startsWith("save-");
    if (this.#closed && !saving) return Promise.reject(new BridgeFailure("closed", "the channel is closed"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { saving, resolve: resolve as Pending["resolve"], reject });
      this.#post({ type: "request", id, ...ask }, transfer);
    });
  }

  #post(message: FromPage, transfer: Transferable[] = []): void {
    if (this.#closed && message.type !== "request" && message.type !== "reopens") return;
    this.#port.postMessage(message, transfer);
  }

  #receive(message: FromShell): void {
    switch (message.type) {
      case "open": {
        const { type: _, ...open } = message;
        this.#open = open;
        this.#credit = new Credit(open.window);
        this.#closed = false;
        return this.#handlers.reopen?.(open);
      }
      case "message":
        if (this.#handlers.message === undefined) this.#early.push(message.data);
        else this.#handle(message.data);
        return;
      case "credit":
        return this.#credit.give(message.bytes);
      case "interfaces":
        this.#open.interfaces = message.interfaces;
        return this.#handlers.interfaces?.(message.interfaces);
      case "theme":
        this.#open.theme = message.theme;
        return this.#handlers.theme?.(message.theme);
      case "language":
        this.#open.language = message.language;
        return this.#handlers.language?.(message.language);
      case "visible":
        this.#open.visible = message.visible;
        return this.#handlers.visible?.(message.visible);
      case "finish":
        return this.#handlers.finish?.();
      case "closed":
        return this.#end(message.reason, message.problem);
      case "answer": {
        const pending = this.#pending.get(message.id);
        this.#pending.delete(message.id);
        if ("error" in message) pending?.reject(new BridgeFailure(message.error.code, message.error.message));
        else pending?.resolve(message.value as never);
        return;
      }
      default:
    }
  }

  #handle(data: ArrayBuffer): void {
    const bytes = data.byteLength;
    const channel = this.#credit;
    const done = (): void => {
      if (channel === this.#credit) this.#post({ type: "credit", bytes });
    };
    void Promise.resolve(this.#handlers.message?.(data)).then(done, (error: unknown) => {
      done();
      reportError(error);
    });
  }

  #end(reason: CloseReason, problem?: Problem): void {
    if (this.#closed) return;
    this.#closed = true;
    const failure = new BridgeFailure("closed", problem?.title ?? `the channel is closed (${reason})`);
    this.#credit.close(failure);
    for (const [id, pending] of this.#pending) {
      if (pending.saving) continue;
      pending.reject(failure);
      this.#pending.delete(id);
    }
    this.#handlers.closed?.(reason, problem);
  }
}

/** Reports to the shell and waits for the channel. Call it once. */
export function connect(shell: Window = window.parent): Promise<Bridge> {
  return new Promise((resolve) => {
    const onMessage = (event: MessageEvent<unknown>): void => {
      const data = event.data as { hospes?: unknown } | null;
      const port = event.ports[0];
      if (event.source !== shell || data?.hospes !== "port" || port === undefined) return;
      window.removeEventListener("message", onMessage);
      port.onmessage = (first: MessageEvent<FromShell>) => {
        if (first.data.type === "open") resolve(new Bridge(port, { ...first.data, window: first.data.window ?? WINDOW }));
      };
    };
    window.addEventListener("message", onMessage);
    shell.postMessage({ hospes: "ready", v: VERSION }, "*");
  });
}

export type { Answers, Ask, FromPage, FromShell };
export type { BridgeError as RequestError };
