/** Tables as CSV (RFC 4180), for spreadsheets and programs: English names of columns, decimal points, UTC times. */
import type { Bridge } from "@hospes/bridge";
import type { Sample } from "./history";
import type { LogEntry, Process, Service } from "./protocol";

export type Cell = string | number | boolean | undefined;

/** What a spreadsheet would take for a formula: names come from the customer's computer and are not to be run here. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: Cell): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  // The mark makes spreadsheets read UTF-8.
  return `\uFEFF${[head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
}

const time = (at: number): string => new Date(at).toISOString();
const round = (value: number | undefined, digits: number): number | undefined => (value === undefined ? undefined : Number(value.toFixed(digits)));

export function history(samples: readonly Sample[]): string {
  const cores = Math.max(0, ...samples.map((sample) => sample.cores?.length ?? 0));
  const head = ["time", "cpu", ...Array.from({ length: cores }, (_, core) => `cpu_${core}`)];
  head.push("memory_used", "memory_total", "swap_used", "swap_total");
  head.push("disk_read_per_second", "disk_written_per_second", "network_received_per_second", "network_sent_per_second");
  const rows = samples.map((sample): Cell[] => [
    time(sample.at),
    round(sample.cpu, 4),
    ...Array.from({ length: cores }, (_, core) => sample.cores?.[core]),
    sample.memoryUsed,
    sample.memoryTotal,
    sample.swapUsed,
    sample.swapTotal,
    ...[sample.read, sample.written, sample.received, sample.sent].map((rate) => round(rate, 0)),
  ]);
  return csv(head, rows);
}

export function processes(list: readonly Process[]): string {
  const rows = list.map((one): Cell[] => [one.id, one.parent, one.name, one.user, one.cpu, one.memory, time(one.started)]);
  return csv(["id", "parent", "name", "user", "cpu", "memory", "started"], rows);
}

export function services(list: readonly Service[]): string {
  const rows = list.map((one): Cell[] => [one.name, one.title, one.state, one.automatic]);
  return csv(["name", "title", "state", "automatic"], rows);
}

export function log(list: readonly LogEntry[]): string {
  const rows = list.map((one): Cell[] => [time(one.at), one.severity, one.source, one.message]);
  return csv(["time", "severity", "source", "message"], rows);
}

/** Longest piece that the shell takes at once, in bytes. */
const PIECE = 4 << 20;

/** Saves a table on the technician's computer. */
export async function saveAs(bridge: Pick<Bridge, "save">, name: string, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  const save = await bridge.save(name, bytes.length);
  try {
    for (let at = 0; at < bytes.length; at += PIECE) await save.write(bytes.slice(at, at + PIECE).buffer);
    await save.end();
  } catch (error) {
    await save.abort().catch(() => undefined);
    throw error;
  }
}

/** `computer-processes-2026-11-20-1004.csv` */
export function fileName(computer: string, what: string, at: Date): string {
  const stamp = at.toISOString().slice(0, 16).replace("T", "-").replace(":", "");
  return `${computer === "" ? "computer" : computer}-${what}-${stamp}.csv`;
}
