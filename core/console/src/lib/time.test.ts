import { expect, it } from "vitest";
import { countdown, groupCode, isoDuration } from "./time";

it.each([
  [86_400_000, "24:00:00"],
  [86_399_001, "24:00:00"],
  [3_599_000, "59:59"],
  [1, "00:01"],
  [0, "00:00"],
  [-5000, "00:00"],
])("countdown(%d) is %s", (left, text) => expect(countdown(left)).toBe(text));

it("groups a code as it is read aloud", () => expect(groupCode("123456")).toBe("123 456"));
it("tells a duration to machines", () => expect(isoDuration(86_399_000)).toBe("PT23H59M"));
