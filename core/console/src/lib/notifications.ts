/** Bodies of the API's notifications (R19), and what can be read from them. */
import type { FieldProblem, Language } from "./types";

/** What "send a test" makes; not an event that a channel chooses. */
export const TEST = "test";

export interface Notifier {
  id: string;
  title: string;
  titles?: Partial<Record<Language, string>>;
  feature: string;
  licensed: boolean;
  installed: boolean;
  version?: string;
}

/** What a channel is made of; a notifier knows its own configuration. */
export interface ChannelDraft {
  notifier: string;
  title: string;
  enabled: boolean;
  events: string[];
  config: Record<string, unknown>;
}

export interface NotificationChannel extends ChannelDraft {
  id: string;
  problems?: FieldProblem[];
}

export interface Notifications {
  mail: { configured: boolean; from?: string };
  notifiers: Notifier[];
  events: string[];
  channels: NotificationChannel[];
  editable: boolean;
}

export type DeliveryState = "waiting" | "delivered" | "dead";

export interface Delivery {
  id: string;
  session?: string;
  event: string;
  channel: { id: string; title: string; notifier: string };
  recipient?: { kind: string; email: string; name?: string | null };
  state: DeliveryState;
  attempts: number;
  next_at?: string;
  at: string;
  done_at?: string;
  error?: { code: string; detail?: string | null };
}

/** Whether a customer gets the invitation by e-mail: mail goes out, and a channel that is on sends it to them. */
export function invitesCustomers(known: Notifications | undefined): boolean {
  if (known?.mail.configured !== true) return false;
  const works = new Set(known.notifiers.filter((each) => each.licensed && each.installed).map((each) => each.id));
  return known.channels.some(
    (channel) =>
      channel.enabled &&
      channel.notifier === "notify-email" &&
      works.has(channel.notifier) &&
      channel.events.includes("session.prepared") &&
      recipientsOf(channel.config).includes("customer"),
  );
}

/** `config.recipients` when it is a list of texts. */
export function recipientsOf(config: Record<string, unknown>): string[] {
  const { recipients } = config;
  return Array.isArray(recipients) ? recipients.filter((each): each is string => typeof each === "string") : [];
}

/** Addresses as people type them: one a line, or with commas between. */
export function addresses(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter((each) => each !== ""))];
}

/** A fresh secret as Standard Webhooks wants it: `whsec_` and 32 random bytes in base64. */
export function freshSecret(random: Uint8Array = crypto.getRandomValues(new Uint8Array(32))): string {
  return `whsec_${btoa(String.fromCharCode(...random))}`;
}
