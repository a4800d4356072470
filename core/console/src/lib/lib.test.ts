import { describe, expect, it } from "vitest";
import { dayEnd, dayStart } from "./days";
import { query } from "./http";
import { addresses, freshSecret, invitesCustomers, type Notifications } from "./notifications";
import { parse, PATHS, type PageName } from "./route";

describe("addresses of pages", () => {
  it.each([
    ["/", { page: "list" }],
    ["/index.html", { page: "list" }],
    ["/history/", { page: "history" }],
    ["/company", { page: "company" }],
    ["/sessions/0192-ab_c", { page: "session", id: "0192-ab_c" }],
    ["/sessions/a/b", { page: "missing" }],
    ["/sessions/%2e%2e", { page: "missing" }],
    ["/nothing", { page: "missing" }],
  ])("%s", (path, route) => expect(parse(path)).toEqual(route));
  it("every page is found at its own", () => {
    for (const page of Object.keys(PATHS) as PageName[]) expect(parse(PATHS[page])).toEqual({ page });
  });
});

it("a query holds what is set", () => {
  expect(query({ state: "ended", q: "a&b", before: undefined, technician: "" })).toBe("?state=ended&q=a%26b");
  expect(query({})).toBe("");
});

describe("days", () => {
  it("begin and end where the technician is", () => {
    const start = new Date(dayStart("2026-11-20") ?? "");
    expect([start.getDate(), start.getHours()]).toEqual([20, 0]);
    expect(Date.parse(dayEnd("2026-11-20") ?? "") - start.getTime()).toBe(86_399_999);
    expect(dayStart("yesterday")).toBeUndefined();
  });
});

describe("who is invited by mail (R19)", () => {
  const works: Notifications = {
    mail: { configured: true },
    notifiers: [{ id: "notify-email", title: "E-mail", feature: "notify-email", licensed: true, installed: true }],
    events: ["session.prepared"],
    channels: [{ id: "1", notifier: "notify-email", title: "Customers", enabled: true, events: ["session.prepared"], config: { recipients: ["customer"] } }],
    editable: true,
  };
  const channel = (change: object): Notifications => ({ ...works, channels: works.channels.map((each) => ({ ...each, ...change })) });
  it.each([
    ["all is set up", works, true],
    ["nothing is known", undefined, false],
    ["no mail server", { ...works, mail: { configured: false } }, false],
    ["not in the plan", { ...works, notifiers: works.notifiers.map((each) => ({ ...each, licensed: false })) }, false],
    ["not installed", { ...works, notifiers: [] }, false],
    ["switched off", channel({ enabled: false }), false],
    ["another event", channel({ events: ["session.ended"] }), false],
    ["somebody else", channel({ config: { recipients: ["technician"] } }), false],
    ["an odd configuration", channel({ config: { recipients: "customer" } }), false],
    ["a webhook", channel({ notifier: "notify-webhook" }), false],
  ])("%s", (_name, known, expected) => expect(invitesCustomers(known)).toBe(expected));
});

it("addresses are taken as people type them", () => {
  expect(addresses(" a@x.test,b@x.test\n\n a@x.test; c@x.test ")).toEqual(["a@x.test", "b@x.test", "c@x.test"]);
});
it("a secret has 32 random bytes", () => {
  expect(freshSecret(new Uint8Array(32).fill(255))).toBe(`whsec_${"/".repeat(42)}8=`);
  expect(freshSecret()).not.toBe(freshSecret());
});
