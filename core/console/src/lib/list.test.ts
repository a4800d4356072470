import { describe, expect, it } from "vitest";
import type { Page } from "./api";
import { localProblem, ProblemError } from "./http";
import { PagedList } from "./list.svelte";

/** A server with `count` numbers in parts of 10, newest (highest) first; `before` is the cursor. */
function server(count: number): { list: PagedList<number>; asked: (string | undefined)[]; add: () => void; fail: (on: boolean) => void } {
  let numbers = Array.from({ length: count }, (_, at) => count - at);
  let failing = false;
  const asked: (string | undefined)[] = [];
  const ask = async (cursor: string | undefined): Promise<Page<number>> => {
    asked.push(cursor);
    await Promise.resolve();
    if (failing) throw new ProblemError(localProblem("network"));
    const rest = cursor === undefined ? numbers : numbers.filter((each) => each < Number(cursor));
    const items = rest.slice(0, 10);
    return { items, next: rest.length > 10 ? String(items[9]) : undefined };
  };
  return { list: new PagedList(ask, (item) => item), asked, add: () => (numbers = [numbers.length + 1, ...numbers]), fail: (on) => (failing = on) };
}

describe("a list in parts", () => {
  it("ends where the server's ends, with nothing twice", async () => {
    const { list } = server(25);
    await list.ask();
    expect([list.items.length, list.next]).toEqual([10, "16"]);
    await list.more();
    await list.more();
    await list.more();
    expect(list.items).toEqual(Array.from({ length: 25 }, (_, at) => 25 - at));
    expect(list.next).toBeUndefined();
  });

  it("is fresh as far down as it was shown", async () => {
    const { list, add } = server(35);
    await list.ask();
    await list.more();
    add();
    await list.refresh();
    expect([list.items[0], list.items.length, list.next]).toEqual([36, 20, "17"]);
  });

  it("shows the answer to the newest question only", async () => {
    let release: (page: Page<number>) => void = () => undefined;
    const answers = [new Promise<Page<number>>((resolve) => (release = resolve)), Promise.resolve({ items: [2], next: undefined })];
    const list = new PagedList<number>(() => answers.shift() ?? Promise.reject(new Error("asked too often")), (item) => item);
    const slow = list.ask();
    await list.ask();
    release({ items: [1], next: undefined });
    await slow;
    expect([list.items, list.busy]).toEqual([[2], false]);
  });

  it("keeps what it has when the network goes, and says so", async () => {
    const { list, fail } = server(15);
    await list.ask();
    fail(true);
    await list.more();
    expect([list.items.length, list.problem?.title, list.busy]).toEqual([10, "network", false]);
    fail(false);
    await list.more();
    expect([list.items.length, list.problem]).toEqual([15, undefined]);
  });
});
