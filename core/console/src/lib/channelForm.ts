/**
 * A channel as its dialogue edits it. Two notifiers have fields of their own here; any other one's configuration is edited
 * as the JSON that it is.
 */
import { addresses, recipientsOf, type ChannelDraft, type NotificationChannel } from "./notifications";

export interface ChannelForm {
  notifier: string;
  title: string;
  enabled: boolean;
  events: string[];
  /** notify-email */
  customer: boolean;
  technician: boolean;
  others: string;
  /** notify-webhook */
  url: string;
  secret: string;
  /** Any other. */
  json: string;
}

export type FormProblem = "no-event" | "no-recipient" | "bad-json";

export function emptyForm(notifier: string): ChannelForm {
  return { notifier, title: "", enabled: true, events: [], customer: false, technician: false, others: "", url: "", secret: "", json: "{}" };
}

export function formOf(channel: NotificationChannel): ChannelForm {
  const recipients = recipientsOf(channel.config);
  const { url } = channel.config;
  return {
    ...emptyForm(channel.notifier),
    title: channel.title,
    enabled: channel.enabled,
    events: [...channel.events],
    customer: recipients.includes("customer"),
    technician: recipients.includes("technician"),
    others: recipients.filter((each) => each !== "customer" && each !== "technician").join("\n"),
    url: typeof url === "string" ? url : "",
    json: JSON.stringify(channel.config, null, 2),
  };
}

/** Whether the server keeps a secret of this channel, which it never tells. */
export function hasSecret(channel: NotificationChannel | undefined): boolean {
  return channel?.config.secret !== undefined;
}

/** What is sent, or what must be mended first. An empty secret is left out: the server keeps the old one. */
export function draftOf(form: ChannelForm): ChannelDraft | FormProblem {
  if (form.events.length === 0) return "no-event";
  const config = configOf(form);
  if (typeof config === "string") return config;
  return { notifier: form.notifier, title: form.title.trim(), enabled: form.enabled, events: [...form.events], config };
}

function configOf(form: ChannelForm): Record<string, unknown> | FormProblem {
  if (form.notifier === "notify-email") {
    const recipients = [...(form.customer ? ["customer"] : []), ...(form.technician ? ["technician"] : []), ...addresses(form.others)];
    return recipients.length === 0 ? "no-recipient" : { recipients };
  }
  if (form.notifier === "notify-webhook") {
    return form.secret === "" ? { url: form.url.trim() } : { url: form.url.trim(), secret: form.secret };
  }
  try {
    const config: unknown = JSON.parse(form.json);
    return config !== null && typeof config === "object" && !Array.isArray(config) ? (config as Record<string, unknown>) : "bad-json";
  } catch {
    return "bad-json";
  }
}
