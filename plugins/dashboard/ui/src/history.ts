/** The last 15 minutes of figures: what the charts draw and the export writes. */
import { valueOf, type Drive, type Figures, type Network } from "./protocol";

/** Milliseconds that are kept. */
export const SPAN = 15 * 60_000;

/** Figures at one moment; `undefined` is what was not read. Rates are bytes per second. */
export interface Sample {
  /** By the customer's clock. */
  at: number;
  /** Nothing was read for a while before: hidden, paused, cut off. */
  cut?: true;
  /** Mean of all processors. */
  cpu?: number;
  cores?: number[];
  memoryUsed?: number;
  memoryTotal?: number;
  swapUsed?: number;
  swapTotal?: number;
  read?: number;
  written?: number;
  received?: number;
  sent?: number;
}

/** Bytes that were counted since, over what is there both times: a counter that starts anew counts nothing. */
function passed<T extends { name: string }>(before: T[], now: T[], count: (one: T) => number): number {
  const old = new Map(before.map((one) => [one.name, count(one)]));
  return now.reduce((sum, one) => sum + Math.max(0, count(one) - (old.get(one.name) ?? count(one))), 0);
}

/** What is not a way out of the computer: its bytes would count twice. */
const inside = (network: Network): boolean => /^lo\d*$/.test(network.name);

export class History {
  samples: Sample[] = [];
  /** Per interface, bytes per second at the last reading. */
  rates = new Map<string, { received: number; sent: number }>();
  #counted: { at: number; drives: Drive[] | undefined; networks: Network[] | undefined } | undefined;

  /** Takes what was read `every` so many milliseconds; `now` stands for the customer's clock where no load was. */
  add(figures: Figures, now: number, every: number): void {
    const load = valueOf(figures.load);
    const drives = valueOf(figures.drives);
    const networks = valueOf(figures.networks);
    if (load === undefined && drives === undefined && networks === undefined) return;
    const at = figures.at ?? now;
    const sample: Sample = { at };
    if (load !== undefined) {
      sample.cores = load.cpu;
      sample.cpu = load.cpu.length === 0 ? 0 : load.cpu.reduce((sum, share) => sum + share, 0) / load.cpu.length;
      sample.memoryUsed = load.memoryUsed;
      sample.memoryTotal = load.memoryTotal;
      sample.swapUsed = load.swapUsed;
      sample.swapTotal = load.swapTotal;
    }
    const before = this.#counted;
    const pause = before !== undefined && at - before.at > Math.max(every, 1000) * 3;
    if (pause) sample.cut = true;
    // Over a pause a rate would be a mean of what nobody saw.
    if (before !== undefined && at > before.at && !pause) {
      const seconds = (at - before.at) / 1000;
      if (drives !== undefined && before.drives !== undefined) {
        sample.read = passed(before.drives, drives, (drive) => drive.read) / seconds;
        sample.written = passed(before.drives, drives, (drive) => drive.written) / seconds;
      }
      if (networks !== undefined && before.networks !== undefined) {
        const out = networks.filter((network) => !inside(network));
        sample.received = passed(before.networks, out, (network) => network.received) / seconds;
        sample.sent = passed(before.networks, out, (network) => network.sent) / seconds;
        const old = before.networks;
        const rate = (network: Network, count: (one: Network) => number): number => passed(old, [network], count) / seconds;
        this.rates = new Map(
          networks.map((network) => [network.name, { received: rate(network, (one) => one.received), sent: rate(network, (one) => one.sent) }]),
        );
      }
    }
    this.#counted = { at, drives, networks };
    // A clock that was set back starts the charts anew: two figures of one moment cannot be drawn.
    const last = this.samples.at(-1);
    if (last !== undefined && at < last.at) this.samples = [];
    this.samples = [...this.samples.filter((old) => old.at > at - SPAN), sample];
  }
}
