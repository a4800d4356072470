import { messageProblems } from "@hospes/bridge/messages";
import { expect, it } from "vitest";
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
