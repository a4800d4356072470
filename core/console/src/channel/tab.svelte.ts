/** One tab: a channel from ticket to end, and again. Several tabs of one capability are several channels (R8). */
import { Shell, ServiceError, type CloseReason, type NoticeLevel } from "@hospes/bridge/shell";
import { api, codeOf, localProblem, problemOf } from "../lib/api";
import { notices } from "../lib/notices.svelte";
import type { Language, Problem, Session } from "../lib/types";
import { capabilityTitle, i18n } from "../i18n/index.svelte";
import { ConsoleServices } from "../shell/services";
import { GaveUp, openChannel, receive, type OpenChannel } from "./open";
import { PakeLogin, WrongPassword } from "./pake";
import { dial } from "./socket";

export type TabState =
  | { name: "working"; code: string }
  | { name: "password"; wrong: boolean; retryAfter: number }
  | { name: "open" }
  | { name: "closed"; reason: CloseReason | "refused"; problem?: Problem };

/** Ends that pass by themselves (R11): the computer restarts, the server restarts, a network is gone. */
const PASSING = ["network", "host-offline", "host-shutdown", "server-restarting", "silent", "channel-cut"];

/** Pauses between tries to connect again, in milliseconds. */
const BACKOFF = [500, 1000, 2000, 4000, 8000];

export class Tab {
  readonly key: number;
  readonly session: Session;
  readonly capability: string;
  readonly pageUrl: string;
  readonly number: number;
  state = $state<TabState>({ name: "working", code: "connecting" });
  title = $state("");
  /** Counts up when the frame must be loaded anew; 0: there is no frame yet. */
  frameVersion = $state(0);
  interfaces = $state<string[]>([]);
  /** What full screen shows. */
  element: HTMLElement | undefined;

  #visible = true;
  #titles: Partial<Record<"en" | "fr" | "es", string>> | undefined;
  #answer: ((password: string | undefined) => void) | undefined;
  #channel: OpenChannel | undefined;
  #shell: Shell | undefined;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gone = false;
  #run = 0;

  constructor(key: number, session: Session, capability: { id: string; titles?: Tab["titles"]; page: string }, number: number) {
    this.key = key;
    this.session = session;
    this.capability = capability.id;
    this.#titles = capability.titles;
    this.pageUrl = capability.page;
    this.number = number;
    void this.open();
  }

  get titles(): Partial<Record<"en" | "fr" | "es", string>> | undefined {
    return this.#titles;
  }
  get name(): string {
    const name = capabilityTitle(this.capability, this.#titles);
    return this.number > 1 ? `${name} ${this.number}` : name;
  }

  /** Opens the channel, or opens it again. */
  async open(): Promise<void> {
    clearTimeout(this.#timer);
    const run = ++this.#run;
    const current = (): boolean => run === this.#run && !this.#gone;
    let wrong = false;
    for (;;) {
      try {
        const channel = await openChannel({
          ticket: () => api.ticket(this.session.id, this.capability),
          dial: () => dial(channelUrl(this.session.id, this.capability)),
          password: ({ retryAfter }) =>
            new Promise((resolve) => {
              if (!current()) return resolve(undefined);
              this.state = { name: "password", wrong, retryAfter };
              this.#answer = resolve;
            }),
          login: () => new PakeLogin(),
          progress: (code) => {
            if (current()) this.state = { name: "working", code: this.#tries > 0 && code === "connecting" ? "reconnecting" : code };
          },
        });
        if (!current()) return channel.socket.close();
        this.#opened(channel);
        return;
      } catch (error) {
        if (!current()) return;
        if (error instanceof WrongPassword) {
          wrong = true;
          continue;
        }
        if (error instanceof GaveUp) return this.#closed("refused", localProblem("session-password-wrong"));
        const problem = problemOf(error);
        if (problem.type.endsWith("/session-password-wrong")) {
          wrong = true;
          continue;
        }
        // A computer that restarts or a network that is gone: worth another try, when it worked before.
        if (this.#tries > 0 && PASSING.includes(codeOf(problem))) return this.#later();
        return this.#closed("refused", problem);
      }
    }
  }

  /** The technician's answer to the question for the session password. */
  givePassword(password: string | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(password);
  }

  /** The frame is in the page (again). */
  attach(frame: HTMLIFrameElement): void {
    this.#shell?.dispose();
    const channel = this.#channel;
    if (channel === undefined) return;
    this.#shell = new Shell(frame, this.#facts(channel), this.#hooks(), new ConsoleServices(() => this.element));
    void this.#pump(channel, this.#shell);
  }

  setLanguage(language: Language): void {
    this.#shell?.language(language);
  }
  /** Whether the tab is in front. */
  setVisible(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    this.#shell?.visible(visible);
  }
  setTheme(theme: "light" | "dark"): void {
    this.#shell?.theme(theme);
  }

  /** The technician closes the tab (R14: the session goes on). */
  dispose(): void {
    this.#gone = true;
    clearTimeout(this.#timer);
    this.givePassword(undefined);
    this.#shell?.dispose();
    this.#channel?.socket.close();
  }

  #facts(channel: OpenChannel): ConstructorParameters<typeof Shell>[1] {
    const { id, customer_name, customer_email, host } = this.session;
    const customer = customer_name ?? customer_email;
    return {
      capability: this.capability,
      session: host === undefined ? { id, customer } : { id, customer, host: { os: host.os, hostname: host.hostname } },
      channel: channel.channel,
      interfaces: [...channel.interfaces],
      language: i18n.language,
      visible: this.#visible,
      theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
    };
  }

  #hooks(): ConstructorParameters<typeof Shell>[2] {
    return {
      send: (data) => this.#channel?.socket.send(data) ?? Promise.reject(new Error("closed")),
      finish: () => void this.#channel?.socket.send(JSON.stringify({ type: "finish" })).catch(() => undefined),
      close: () => this.#closed("ended"),
      title: (text) => (this.title = text),
      notice: (level: NoticeLevel, text: string) => notices.show(level, text),
      broken: (message) => this.#closed("problem", localProblem("bridge-protocol", message)),
    };
  }

  #opened(channel: OpenChannel): void {
    this.#channel = channel;
    this.interfaces = channel.interfaces;
    this.#tries = 0;
    this.state = { name: "open" };
    if (this.#shell?.reopens === true && this.frameVersion > 0) {
      this.#shell.reopen(this.#facts(channel));
      void this.#pump(channel, this.#shell);
    } else {
      this.frameVersion += 1;
    }
  }

  /** From the socket to the page, at the page's speed. */
  async #pump(channel: OpenChannel, shell: Shell): Promise<void> {
    for (;;) {
      const incoming = await receive(channel.socket);
      if (this.#channel !== channel || this.#shell !== shell) return;
      if (incoming.type === "closed") {
        const passing = incoming.reason === "disconnected" || (incoming.problem && PASSING.includes(codeOf(incoming.problem)));
        if (passing && !this.#gone) return this.#later();
        return this.#closed(incoming.reason, incoming.problem);
      }
      try {
        await shell.deliver(incoming.data);
      } catch (error) {
        if (error instanceof ServiceError && error.code === "closed") return;
        throw error;
      }
    }
  }

  /** Cut: the page is told, and a new channel is tried by itself. */
  #later(): void {
    this.#drop("disconnected");
    const pause = BACKOFF[Math.min(this.#tries, BACKOFF.length - 1)] ?? 8000;
    this.#tries += 1;
    this.state = { name: "working", code: "reconnecting" };
    this.#timer = setTimeout(() => void this.open(), pause * (0.75 + Math.random() / 2));
  }

  #closed(reason: CloseReason | "refused", problem?: Problem): void {
    this.#drop(reason === "refused" ? "problem" : reason, problem);
    this.#tries = 0;
    this.state = problem === undefined ? { name: "closed", reason } : { name: "closed", reason, problem };
  }

  #drop(reason: CloseReason, problem?: Problem): void {
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.socket.close();
    this.#shell?.closed(reason, problem);
  }
}

function channelUrl(session: string, capability: string): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}/api/v1/sessions/${encodeURIComponent(session)}/channels/${encodeURIComponent(capability)}`;
}
