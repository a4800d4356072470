import { describe, expect, it } from "vitest";
import { draftOf, emptyForm, formOf, hasSecret, type ChannelForm } from "./channelForm";
import type { NotificationChannel } from "./notifications";

const channel = (notifier: string, config: Record<string, unknown>): NotificationChannel => ({
  id: "1", notifier, title: "Ours", enabled: true, events: ["session.ended"], config,
});

describe("what is read is what is sent", () => {
  it.each([
    ["notify-email", { recipients: ["customer", "technician", "a@x.test", "b@x.test"] }],
    ["notify-webhook", { url: "https://hooks.test/x" }],
    ["notify-other", { room: 7, nested: { a: [1] } }],
  ])("%s", (notifier, config) => {
    const { id: _, ...draft } = channel(notifier, config);
    expect(draftOf(formOf(channel(notifier, config)))).toEqual(draft);
  });

  it("a secret that the server keeps is not sent back", () => {
    const kept = channel("notify-webhook", { url: "https://hooks.test/x", secret: "set" });
    expect(hasSecret(kept)).toBe(true);
    expect(draftOf(formOf(kept))).toMatchObject({ config: { url: "https://hooks.test/x" } });
    expect(draftOf({ ...formOf(kept), secret: "whsec_new" })).toMatchObject({ config: { secret: "whsec_new" } });
  });
});

describe("what must be mended first", () => {
  const email: ChannelForm = { ...emptyForm("notify-email"), title: "x", events: ["host.offline"], customer: true };
  it.each([
    ["no event", { ...email, events: [] }, "no-event"],
    ["nobody to tell", { ...email, customer: false, others: " \n" }, "no-recipient"],
    ["no JSON", { ...email, notifier: "notify-other", json: "{" }, "bad-json"],
    ["JSON that is no object", { ...email, notifier: "notify-other", json: "[1]" }, "bad-json"],
  ])("%s", (_name, form, problem) => expect(draftOf(form)).toBe(problem));
});
