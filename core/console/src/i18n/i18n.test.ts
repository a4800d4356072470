import { messageProblems, missingCodes } from "@hospes/bridge/messages";
import { expect, it } from "vitest";
import { EVENTS } from "../lib/events";
import { tables } from "./tables";

it("says everything in three languages, and nothing that nobody says", () => {
  const sources = import.meta.glob<string>(["../**/*.{ts,svelte}", "!../**/*.test.ts"], { query: "?raw", import: "default", eager: true });
  // Codes that the server and the host say, by where they say them.
  const rust = import.meta.glob<string>(["../../../{server,session,store,cli,wire,runtime,licence}/src/**/*.rs", "../../../../host-agent/src/**/*.rs"], {
    query: "?raw",
    import: "default",
    eager: true,
  });
  const said = { ...rust, ...sources };
  const prefixes = ["action.", "actor.", "consent.", "channel.", "delivery.", "end.", "event.", "failure.", "kind.", "nav.", "problem.", "reason.", "refusal.", "removal.", "role.", "state."];
  const families = Object.fromEntries(prefixes.map((prefix) => [prefix, said]));
  expect(messageProblems({ tables, sources, families })).toEqual([]);
});

/** What hosts and other programs are told where the console does not ask, and a browser never. */
const NOT_FOR_THE_CONSOLE = [
  "already-hosting", "bad-body", "bad-message", "body-too-large", "body-too-slow", "content-type", "link-unknown", "link-used",
  "method-not-allowed", "no-hello", "not-now", "not-paired", "not-this-host", "upgrade-required", "wrong-proof",
];

it("has words for every refusal of server and host, and for every audited action", () => {
  // Customers' pages and the operator's measurements are not the console's.
  const server = import.meta.glob<string>(["../../../server/src/**/*.rs", "../../../../host-agent/src/**/*.rs", "!../../../server/src/routes/{customer,health,hosts,metrics}.rs", "!../../../server/src/hosts/**"], { query: "?raw", import: "default", eager: true });
  const logging = import.meta.glob<string>(["../../../{server,store}/src/**/*.rs", "../../../cli/src/{licence,admin}.rs"], { query: "?raw", import: "default", eager: true });
  const refused = missingCodes(tables, "problem.", server, /(?:Refusal|Problem)::new\(\s*"([a-z-]{3,})"/g);
  expect(refused.filter((code) => !NOT_FOR_THE_CONSOLE.includes(code))).toEqual([]);
  const actions = /"((?:company|technician|session|host|channel|login|logout|password|licence|notification)\.[a-z]+(?:[.-][a-z]+)*)"/g;
  expect(missingCodes(tables, "action.", logging, actions).filter((action) => !EVENTS.includes(action))).toEqual([]);
});
