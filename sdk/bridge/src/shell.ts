/**
 * The shell's side of the bridge: one frame, one channel. It knows nothing of sockets and dialogues; it gets those as
 * [`ShellHooks`] and [`Services`], and checks whatever the page says.
 */
import { Credit } from "./credit.js";
import {
  VERSION,
  WINDOW,
  readFromPage,
  type Answers,
  type Ask,
  type BridgeError,
  type CloseReason,
  type FromPage,
  type FromShell,
  type Language,
  type NoticeLevel,
  type Open,
  type Problem,
  type Theme,
} from "./protocol.js";

export * from "./protocol.js";
export { Credit } from "./credit.js";

/** What the page does to its channel and tab. */
export interface ShellHooks {
  /** Sends to the component; resolves when the socket has taken it. */
  send(data: ArrayBuffer): Promise<void>;
  finish(): void;
  /** The page asks to close. */
  close(): void;
  title(text: string): void;
  notice(level: NoticeLevel, text: string): void;
  /** The page broke the protocol or never became ready: the channel must be closed. English, one sentence. */
  broken(message: string): void;
}

/** What the shell does for the page. A failure is thrown as [`ServiceError`]. */
export interface Services {
  ask<A extends Ask>(ask: A, signal: AbortSignal): Promise<Answers[A["ask"]]>;
  /** The channel is over: drop what is half done. */
  dispose(): void;
}

/** A named failure of a service. */
export class ServiceError extends Error implements BridgeError {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ServiceError";
  }
}

/** A page that says nothing for so long is broken, in milliseconds. */
export const READY_TIMEOUT = 15_000;

/** The part of an iframe that the shell needs. */
export interface Frame {
  readonly contentWindow: Window | null;
}

export class Shell {
  readonly #frame: Frame;
  #open: Omit<Open, "v" | "window">;
  readonly #hooks: ShellHooks;
  readonly #services: Services;
  #toPage = new Credit(WINDOW);
  readonly #requests = new Map<number, AbortController>();
  readonly #onMessage: (event: MessageEvent<unknown>) => void;
  #fromPage = WINDOW;
  #owed = 0;
  #port: MessagePort | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;
  #disposed = false;
  #reopens = false;
  #attached!: () => void;
  readonly #ready = new Promise<void>((resolve) => (this.#attached = resolve));

  constructor(frame: Frame, open: Omit<Open, "v" | "window">, hooks: ShellHooks, services: Services) {
    this.#frame = frame;
    this.#open = open;
    this.#hooks = hooks;
    this.#services = services;
    this.#onMessage = (event) => {
      const data = event.data as { hospes?: unknown; v?: unknown } | null;
      if (event.source === null || event.source !== this.#frame.contentWindow || data?.hospes !== "ready") return;
      if (this.#port !== undefined) return this.#break("the plugin's page loaded twice");
      if (data.v !== VERSION) return this.#break(`the plugin's page speaks bridge version ${String(data.v)}, not ${VERSION}`);
      this.#attach();
    };
    window.addEventListener("message", this.#onMessage);
    this.#timer = setTimeout(() => this.#break("the plugin's page did not start within 15 seconds"), READY_TIMEOUT);
  }

  /** Hands a message of the component to the page; waits while the page has no credit. */
  async deliver(data: ArrayBuffer): Promise<void> {
    await this.#ready;
    await this.#toPage.take(data.byteLength);
    this.#post({ type: "message", data }, [data]);
  }

  interfaces(interfaces: string[]): void {
    this.#open.interfaces = interfaces;
    this.#post({ type: "interfaces", interfaces });
  }
  theme(theme: Theme): void {
    this.#open.theme = theme;
    this.#post({ type: "theme", theme });
  }
  language(language: Language): void {
    this.#open.language = language;
    this.#post({ type: "language", language });
  }
  visible(visible: boolean): void {
    this.#open.visible = visible;
    this.#post({ type: "visible", visible });
  }
  /** The component sends no more. */
  finish(): void {
    this.#post({ type: "finish" });
  }

  /** Whether the page can go on over a new channel. */
  get reopens(): boolean {
    return this.#reopens;
  }

  /** A new channel for the same page, after [`closed`]. */
  reopen(open: Omit<Open, "v" | "window">): void {
    if (!this.#over || this.#disposed) return;
    this.#over = false;
    this.#open = open;
    this.#toPage = new Credit(WINDOW);
    this.#fromPage = WINDOW;
    this.#owed = 0;
    this.#post({ type: "open", v: VERSION, window: WINDOW, ...open });
  }

  /** The tab goes away: nothing can be reopened, and what is half saved is dropped. */
  dispose(): void {
    this.closed("shell");
    this.#disposed = true;
    this.#port?.close();
    this.#services.dispose();
    window.removeEventListener("message", this.#onMessage);
  }

  /** The channel is over; the page stays visible and knows why. */
  closed(reason: CloseReason, problem?: Problem): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#port?.postMessage(
      (problem === undefined ? { type: "closed", reason } : { type: "closed", reason, problem }) satisfies FromShell,
    );
    for (const request of this.#requests.values()) request.abort();
    this.#requests.clear();
    this.#toPage.close(new ServiceError("closed", "the channel is closed"));
    this.#attached();
  }

  #attach(): void {
    clearTimeout(this.#timer);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = (event: MessageEvent<unknown>) => this.#receive(event.data);
    // An opaque origin cannot be named as a target; the source was compared, and frame-src keeps others out.
    this.#frame.contentWindow?.postMessage({ hospes: "port", v: VERSION }, "*", [port2]);
    this.#post({ type: "open", v: VERSION, window: WINDOW, ...this.#open });
    this.#attached();
  }

  #post(message: FromShell, transfer: Transferable[] = []): void {
    if (!this.#over || message.type === "answer") this.#port?.postMessage(message, transfer);
  }

  #break(message: string): void {
    if (!this.#over) this.#hooks.broken(message);
  }

  #receive(raw: unknown): void {
    if (this.#disposed) return;
    const message = readFromPage(raw);
    if (message === undefined) return;
    if (this.#over && message !== "invalid" && message.type !== "reopens" && !isSaving(message)) return;
    if (message === "invalid") return this.#break("the plugin's page sent a message that breaks the bridge's protocol");
    switch (message.type) {
      case "message": {
        const bytes = message.data.byteLength;
        const channel = this.#toPage;
        if (this.#fromPage <= 0) return this.#break("the plugin's page sent more than it had credit for");
        this.#fromPage -= bytes;
        void this.#hooks.send(message.data).then(
          () => {
            if (channel === this.#toPage) this.#giveBack(bytes);
          },
          () => undefined, // the socket is gone: `closed` follows
        );
        return;
      }
      case "credit":
        return this.#toPage.give(message.bytes);
      case "finish":
        return this.#hooks.finish();
      case "close":
        return this.#hooks.close();
      case "reopens":
        this.#reopens = true;
        return;
      case "title":
        return this.#hooks.title(message.text);
      case "notice":
        return this.#hooks.notice(message.level, message.text);
      case "cancel":
        return this.#requests.get(message.id)?.abort();
      case "request":
        return void this.#serve(message.id, message);
    }
  }

  /** Credit goes back in portions: a message for each key stroke would double the traffic. */
  #giveBack(bytes: number): void {
    this.#owed += bytes;
    if (this.#owed < WINDOW / 4 && this.#fromPage > WINDOW / 2) return;
    this.#fromPage += this.#owed;
    this.#post({ type: "credit", bytes: this.#owed });
    this.#owed = 0;
  }

  async #serve(id: number, ask: Ask): Promise<void> {
    const abort = new AbortController();
    this.#requests.set(id, abort);
    try {
      const value = await this.#services.ask(ask, abort.signal);
      this.#post({ type: "answer", id, value });
    } catch (error) {
      const code = error instanceof ServiceError ? error.code : "failed";
      this.#post({ type: "answer", id, error: { code, message: error instanceof Error ? error.message : String(error) } });
    } finally {
      this.#requests.delete(id);
    }
  }
}

/** Saving goes on while the channel is cut. */
function isSaving(message: FromPage): boolean {
  return message.type === "request" && message.ask.startsWith("save-");
}
