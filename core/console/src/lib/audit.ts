/** Who did something, by the audit log's word for them: `technician:ID`, `host:KEY`, `address:IP`, or a bare kind. */
export interface Actor {
  kind: string;
  detail: string;
}

export function actorOf(text: string): Actor {
  const at = text.indexOf(":");
  return at < 0 ? { kind: text, detail: "" } : { kind: text.slice(0, at), detail: text.slice(at + 1) };
}

/** `detail` for people: its fields as `name: value`, values of one line; empty when there is nothing to say. */
export function fieldsOf(detail: unknown): [string, string][] {
  if (detail === null || typeof detail !== "object") return detail === undefined || detail === null ? [] : [["", String(detail)]];
  return Object.entries(detail).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
}

/** Kinds of actions and of actors that the log can be filtered by; the server takes what stands before the dot or colon. */
export const ACTION_KINDS = ["session", "host", "channel", "login", "technician", "password", "notification", "licence"] as const;
export const ACTOR_KINDS = ["host", "customer", "address", "operator", "sweeper"] as const;
