// How a page looks: no finding of axe, nothing wider than the window, and a picture when somebody wants to look at it.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const pictures = process.env.PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });

/** A picture of the whole page in `PICTURES`, when that is set. */
export async function picture(page, name, fullPage = true) {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage });
}

/** What axe says against a page or a frame, one line for each finding. A frame's heading is that of the page around it. */
export async function findings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((values) => {
    const rules = { "page-has-heading-one": { enabled: window === window.top } };
    return window.axe.run(document, { runOnly: values, rules, iframes: false });
  }, RULES);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}

/** Checks a page and takes its picture. */
export async function look(page, name, fullPage = true) {
  await picture(page, name, fullPage);
  assert.deepEqual(await findings(page), [], `axe on ${name}`);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wider <= 0, `${name} is ${wider} px wider than the window`);
}
