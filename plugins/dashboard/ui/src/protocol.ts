/** Words of plugins/dashboard/PROTOCOL.md. */
export interface Failure {
  code: string;
  message: string;
  reason?: string;
}

/** A part of the figures, or why it could not be read. */
export type Reading<T> = T | { error: Failure };

export interface Load {
  cpu: number[];
  memoryUsed: number;
  memoryTotal: number;
  swapUsed: number;
  swapTotal: number;
}
export interface Drive {
  name: string;
  read: number;
  written: number;
}
export interface Network {
  name: string;
  addresses: string[];
  received: number;
  sent: number;
}
export interface Disk {
  name: string;
  mount: string;
  fileSystem: string;
  total: number;
  available: number;
}
export interface Process {
  id: number;
  parent?: number;
  name: string;
  user: string;
  cpu: number;
  memory: number;
  started: number;
}
export interface Processes {
  list: Process[];
  more: number;
}
export interface Facts {
  hostname: string;
  os: string;
  kernel: string;
  architecture: string;
  cpu: string;
  cores: number;
  memory: number;
  booted: number;
}
export type ServiceState = "running" | "stopped" | "starting" | "stopping" | "failed" | "unknown";
export interface Service {
  name: string;
  title: string;
  state: ServiceState;
  automatic: boolean;
}
export type Severity = "critical" | "error" | "warning" | "info" | "debug";
export interface LogEntry {
  at: number;
  source: string;
  severity: Severity;
  message: string;
}

export interface Hello {
  event: "hello";
  v: number;
  /** Ending processes is unlocked. */
  end: boolean;
  every: { min: number; max: number };
  events: number;
  processes: number;
}
export interface Figures {
  event: "figures";
  /** Ending processes is unlocked. */
  end?: boolean;
  at?: number;
  load?: Reading<Load>;
  drives?: Reading<Drive[]>;
  networks?: Reading<Network[]>;
  disks?: Reading<Disk[]>;
  processes?: Reading<Processes>;
}
export type Event = Hello | Figures | { event: "error"; error: Failure };
export type Part = "load" | "drives" | "networks" | "disks" | "processes";
export type Reply = { id: number; ok: unknown } | { id: number; error: Failure };

/** Answers per operation. */
export interface Ok {
  about: Facts;
  services: { services: Service[] };
  events: { events: LogEntry[]; next?: string };
  end: Record<string, never>;
}

export function failureOf<T>(reading: Reading<T> | undefined): Failure | undefined {
  return typeof reading === "object" && reading !== null && "error" in reading ? reading.error : undefined;
}
export function valueOf<T>(reading: Reading<T> | undefined): T | undefined {
  return reading === undefined || failureOf(reading) !== undefined ? undefined : (reading as T);
}

/** `undefined` when the message is none of the protocol. */
export function read(message: ArrayBuffer): Event | Reply | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(message)) as Record<string, unknown> | null;
    if (typeof value?.["event"] === "string") return value as unknown as Event;
    if (typeof value?.["id"] === "number") return value as unknown as Reply;
  } catch {
    // told below
  }
  return undefined;
}
