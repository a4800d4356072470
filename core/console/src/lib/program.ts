/**
 * A program's name from its `User-Agent`, as people know it: `Firefox 140 (Linux)`, `hospes 0.1.0`. The text is the
 * program's own word: what does not look like one that is known is shown as it came, cut.
 */
export function program(agent: string): string {
  const browser = BROWSERS.map(([name, pattern]) => [name, pattern.exec(agent)?.[1]] as const).find(([, version]) => version !== undefined);
  if (browser !== undefined) {
    const system = SYSTEMS.find(([, pattern]) => pattern.test(agent))?.[0];
    return `${browser[0]} ${browser[1] ?? ""}${system === undefined ? "" : ` (${system})`}`;
  }
  const tool = /^([\w-]{1,40})\/([\w.]{1,20})/.exec(agent);
  if (tool !== null && !agent.startsWith("Mozilla/")) return `${tool[1] ?? ""} ${tool[2] ?? ""}`;
  return agent.length > 60 ? `${agent.slice(0, 60)}…` : agent;
}

/** Those that pretend to be others stand before them. */
const BROWSERS: [string, RegExp][] = [
  ["Edge", /\bEdg\/(\d+)/],
  ["Opera", /\bOPR\/(\d+)/],
  ["Firefox", /\bFirefox\/(\d+)/],
  ["Chrome", /\b(?:Headless)?Chrome\/(\d+)/],
  ["Safari", /\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//],
];
const SYSTEMS: [string, RegExp][] = [
  ["Windows", /Windows NT/],
  ["Android", /Android/],
  ["iOS", /iPhone|iPad/],
  ["macOS", /Mac OS X/],
  ["Linux", /Linux|X11/],
];
