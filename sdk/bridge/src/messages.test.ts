import { expect, it } from "vitest";
import { messageProblems, missingCodes } from "./messages.js";

const tables = (en: Record<string, string>, fr = en, es = en) => ({ en, fr, es });

it.each([
  ["said in code", tables({ hello: "Hello" }), { "a.ts": 't("hello")' }, []],
  ["said in a template's markup", tables({ hello: "Hello" }), { "a.svelte": "<p>{t('hello')}</p>" }, []],
  ["said nowhere", tables({ hello: "Hello" }), { "a.ts": "hello()" }, ["hello is said nowhere"]],
  ["said by the table only", tables({ hello: "Hello" }), { "a.ts": '  "hello": "Hello",' }, ["hello is said nowhere"]],
  ["missing", tables({ a: "A" }, {}, { a: " " }), { "a.ts": '"a"' }, ["a is missing in fr", "a is missing in es"]],
  ["only elsewhere", tables({}, { a: "A" }, { a: "A" }), { "a.ts": '"a"' }, ["a is missing in en"]],
  ["other placeholders", tables({ a: "{n} of {m}" }, { a: "{m}/{n}" }, { a: "{n}" }), { "a.ts": '"a"' }, ["a has other placeholders in es"]],
])("a message that is %s", (_name, table, sources, expected) =>
  expect(messageProblems({ tables: table, sources: sources as Record<string, string> })).toEqual(expected),
);

it("takes a family's codes from whoever says them", () => {
  const table = tables({ "error.no-answer": "No", "error.denied.lease-expired": "Over", "error.gone": "Gone" });
  const families = { "error.": { "a.rs": 'Error::Denied(Denial::LeaseExpired) => "no-answer"' } };
  expect(messageProblems({ tables: table, sources: {}, families })).toEqual(["error.gone is said nowhere"]);
});

it("finds codes without a message", () => {
  const files = { "a.rs": 'Refusal::new("gone", 1); Refusal::new("too-long", 2); Refusal::new("too-long", 3)' };
  expect(missingCodes(tables({ "problem.gone": "Gone" }), "problem.", files, /Refusal::new\("([\w-]+)"/g)).toEqual(["too-long"]);
});
