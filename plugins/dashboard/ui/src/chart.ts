/** Where things are in a chart. */
import { SPAN, type Sample } from "./history";

export type Value = (sample: Sample) => number | undefined;

export interface Scale {
  max: number;
  /** Where lines are drawn, ascending, the last at `max`. */
  ticks: number[];
}

/** A scale from 0 that is readable in the unit that bytes are shown in. */
export function scale(highest: number, fixed?: number): Scale {
  if (fixed !== undefined) return { max: fixed, ticks: [0.25, 0.5, 0.75, 1].map((part) => part * fixed) };
  // Powers of two of the unit, as bytes are shown: 1, 2, 4, ... KiB.
  const max = Math.max(1024, 2 ** Math.ceil(Math.log2(Math.max(1, highest))));
  return { max, ticks: [0.5, 1].map((part) => part * max) };
}

/** Spans that a chart can show, in minutes: thirds of them are what people count in. */
const SPANS = [1, 3, 6, SPAN / 60_000];

/** The shortest span, in milliseconds, that has room for all samples. */
export function span(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  const age = first === undefined || last === undefined ? 0 : last.at - first.at;
  return (SPANS.find((minutes) => minutes * 60_000 >= age) ?? SPAN / 60_000) * 60_000;
}

/** From left to right, 0 to 1: the newest sample is at the right edge. */
export function across(at: number, newest: number, span: number): number {
  return 1 - (newest - at) / span;
}

/** Runs of samples with a value, cut where nothing was read for a while. */
export function runs(samples: readonly Sample[], value: Value): Sample[][] {
  const found: Sample[][] = [];
  let run: Sample[] = [];
  for (const sample of samples) {
    const known = value(sample) !== undefined;
    if (run.length > 0 && (!known || sample.cut === true)) {
      found.push(run);
      run = [];
    }
    if (known) run.push(sample);
  }
  if (run.length > 0) found.push(run);
  return found;
}

export interface Summary {
  now: number;
  mean: number;
  highest: number;
}

/** The figures of a line in words' terms; `undefined` where there are none. */
export function summary(samples: readonly Sample[], value: Value): Summary | undefined {
  const known = samples.map(value).filter((one) => one !== undefined);
  const now = known.at(-1);
  if (now === undefined) return undefined;
  return { now, mean: known.reduce((sum, one) => sum + one, 0) / known.length, highest: Math.max(...known) };
}

/** The sample nearest to a place from left to right. */
export function nearest(samples: readonly Sample[], place: number, span: number): number {
  const newest = samples.at(-1)?.at ?? 0;
  let best = -1;
  for (const [at, sample] of samples.entries()) {
    const distance = Math.abs(across(sample.at, newest, span) - place);
    const found = samples[best];
    if (found === undefined || distance <= Math.abs(across(found.at, newest, span) - place)) best = at;
  }
  return best;
}
