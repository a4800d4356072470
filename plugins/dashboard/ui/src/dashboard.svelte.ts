/** What is shown, how often it is read, and what came of it. */
import type { Bridge, Language } from "@hospes/bridge";
import { Client, failed } from "./client";
import { History } from "./history";
import { text, type Key, type Values } from "./i18n";
import { failureOf, valueOf, type Facts, type Failure, type Figures, type Hello, type Part, type Process, type Processes, type Reading } from "./protocol";

export const TABS = ["overview", "processes", "services", "log", "computer"] as const;
export type Tab = (typeof TABS)[number];

/** Seconds between two readings; 0 is none. */
export const RATES = [0.5, 1, 2, 5, 10, 30, 0] as const;

/** What each tab needs read; the others ask once, when they are opened. */
const PARTS: Record<Tab, readonly Part[]> = {
  overview: ["load", "drives", "networks", "disks"],
  processes: ["processes"],
  services: [],
  log: [],
  computer: [],
};

/** A reply that takes longer says that it does. */
const LONG = 800;

export class Dashboard {
  readonly bridge: Bridge;
  readonly client: Client;
  readonly history = new History();
  language = $state<Language>("en");
  tab = $state<Tab>("overview");
  /** Milliseconds; 0 while paused. */
  every = $state(1000);
  /** The console's tab is in front. */
  visible = $state(true);
  /** The browser's tab is. */
  inFront = $state(true);
  cut = $state(false);
  /** Counts figures: charts are drawn anew with it. */
  tick = $state(0);
  figures = $state.raw<Figures>({ event: "figures" });
  processes = $state.raw<Reading<Processes> | undefined>();
  facts = $state.raw<Reading<Facts> | undefined>();
  mayEnd = $state(false);
  /** Something has been waited for longer than usual. */
  waiting = $state(false);
  #open = $state(0);
  #clockAhead = 0;

  constructor(bridge: Bridge, client = new Client(bridge)) {
    this.bridge = bridge;
    this.client = client;
    this.language = bridge.open.language;
    this.visible = bridge.open.visible;
  }

  /** Connects what happens; call it where effects belong to a component. */
  start(): void {
    const { bridge, client } = this;
    bridge.onLanguage((language) => (this.language = language));
    bridge.onVisible((visible) => (this.visible = visible));
    const browser = (): void => void (this.inFront = document.visibilityState === "visible");
    $effect(() => {
      browser();
      document.addEventListener("visibilitychange", browser);
      return () => document.removeEventListener("visibilitychange", browser);
    });
    client.onHello = (hello: Hello) => {
      this.cut = false;
      this.mayEnd = hello.end;
      this.#open += 1;
      void this.about();
    };
    client.onFigures = (figures) => this.#take(figures);
    client.onCut = () => (this.cut = true);
    client.start();
    $effect(() => {
      if (this.#open > 0) client.watch(this.shown, this.every === 0 ? 1000 : this.every);
    });
  }

  /** What the component is to read: nothing of what nobody sees. */
  get shown(): readonly Part[] {
    return this.visible && this.inFront && this.every > 0 ? PARTS[this.tab] : [];
  }

  t(key: Key, values: Values = {}): string {
    return text(this.language, key, values);
  }

  /** The customer's clock, as far as it was heard. */
  now(): number {
    return Date.now() + this.#clockAhead;
  }
  get hostname(): string {
    return valueOf(this.facts)?.hostname ?? "";
  }

  #take(figures: Figures): void {
    if (figures.at !== undefined) this.#clockAhead = figures.at - Date.now();
    if (figures.end !== undefined) this.mayEnd = figures.end;
    // What was denied at first may be allowed by now.
    if (valueOf(figures.load) !== undefined && failureOf(this.facts)?.code === "denied") void this.about();
    // Disks come seldom; what was read of them holds until they come again.
    this.figures = { ...figures, ...(figures.disks === undefined && this.figures.disks !== undefined ? { disks: this.figures.disks } : {}) };
    if (figures.processes !== undefined) this.processes = figures.processes;
    this.history.add(figures, this.now(), this.every);
    this.tick += 1;
  }

  async about(): Promise<void> {
    try {
      this.facts = await this.patiently(this.client.request("about"));
      this.bridge.title(this.hostname);
    } catch (error) {
      this.facts = { error: failed(error) };
    }
  }

  async end(process: Process, force: boolean): Promise<Failure | undefined> {
    try {
      await this.patiently(this.client.request("end", { process: process.id, started: process.started, force }));
      return undefined;
    } catch (error) {
      return failed(error);
    }
  }

  /** Says that it takes long, when it does: the customer may have been asked. */
  async patiently<T>(work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => (this.waiting = true), LONG);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
      this.waiting = false;
    }
  }
}
