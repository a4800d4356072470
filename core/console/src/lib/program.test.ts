import { expect, it } from "vitest";
import { program } from "./program";

it.each([
  ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/149.0.0.0 Safari/537.36", "Chrome 149 (Linux)"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge 140 (Windows)"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari 18 (macOS)"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 (Linux)"],
  ["hospes/0.1.0", "hospes 0.1.0"],
  ["something odd", "something odd"],
  ["x".repeat(100), `${"x".repeat(60)}…`],
])("%s is %s", (agent, name) => expect(program(agent)).toBe(name));
