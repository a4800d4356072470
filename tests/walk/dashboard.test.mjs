// The dashboard, as a technician uses it: every figure beside what /proc of the same computer says.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findings } from "./looks.mjs";
import { Stage, sleep, until } from "./stage.mjs";
import { Technician } from "./technician.mjs";

const pictures = process.env.PICTURES;
const proc = (path) => readFileSync(`/proc/${path}`, "utf8");
const meminfo = (key) => Number(proc("meminfo").match(new RegExp(`^${key}:\\s+(\\d+) kB`, "m"))[1]) * 1024;
const near = (what, told, real, tolerance) => assert.ok(Math.abs(told - real) <= tolerance, `${what}: told ${told}, /proc says ${real}`);

/** Busy and whole time of all processors. */
function processors() {
  const [user, nice, system, idle, wait, irq, soft, steal] = proc("stat").split("\n")[0].split(/\s+/).slice(1).map(Number);
  return { busy: user + nice + system + irq + soft + steal, whole: user + nice + system + idle + wait + irq + soft + steal };
}

describe("dashboard", { timeout: 240_000 }, () => {
  let stage, tech, page;

  before(async () => {
    stage = await Stage.set();
    tech = await Technician.at(stage);
    page = tech.page;
  });
  after(() => stage?.close());
  afterEach(async (context) => {
    if (!context.passed) await picture(`failed-dashboard-${context.name.slice(0, 5)}`);
  });

  async function picture(name) {
    if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  /** A picture, and what axe says of the plugin's page. */
  async function look(frame, name) {
    await picture(name);
    assert.deepEqual(await findings(frame), [], `axe on ${name}`);
  }

  /** Clicks the export and reads the file that is saved: a row is an object. */
  async function exported(frame) {
    const [download] = await Promise.all([page.waitForEvent("download"), frame.getByTestId("export").click()]);
    const text = readFileSync(await download.path(), "utf8");
    assert.ok(text.startsWith("\uFEFF") && text.endsWith("\r\n"));
    const [head, ...rows] = text.slice(1).trim().split("\r\n").map((line) => line.split(","));
    return { name: download.suggestedFilename(), head, rows: rows.map((row) => Object.fromEntries(head.map((key, at) => [key, row[at]]))) };
  }

  test("R10: figures, processes, ending one after the customer's yes, and what is not read", async () => {
    const computer = stage.computer("dora");
    await tech.logIn();
    const session = await tech.prepare();
    // Reading is allowed for the session; acting is asked about each time.
    const host = await tech.joined(computer, session, (question) => (/End programs/.test(question) ? "a" : "y"));
    let frame = await tech.open(session, "dashboard", session.password);
    const board = () => frame.getByTestId("dashboard");
    const tick = async () => Number(await board().getAttribute("data-tick"));
    const number = async (id, name = "data-value") => Number(await frame.getByTestId(id).first().getAttribute(name));

    // Overview: facts and figures.
    await until("figures come", async () => (await tick()) >= 3);
    const start = { ...processors(), at: Date.now() };
    await sleep(5000);
    const end = { ...processors(), at: Date.now() };
    const table = await exported(frame);
    assert.match(table.name, /-overview-\d{4}-\d\d-\d\d-\d{4}\.csv$/);
    const cores = proc("stat").match(/^cpu\d+ /gm).length;
    assert.equal(table.head.filter((name) => /^cpu_\d+$/.test(name)).length, cores);
    assert.equal(await frame.locator("[data-testid^=chart-core-]").count(), cores);
    const within = table.rows.filter((row) => Date.parse(row.time) > start.at && Date.parse(row.time) <= end.at + 500);
    assert.ok(within.length >= 3, `${within.length} rows in 5 s`);
    const told = within.reduce((sum, row) => sum + Number(row.cpu), 0) / within.length;
    near("processor", told, (end.busy - start.busy) / (end.whole - start.whole), 0.25);
    assert.equal(await number("memory-used", "data-total"), meminfo("MemTotal"));
    near("memory", await number("memory-used", "data-used"), meminfo("MemTotal") - meminfo("MemAvailable"), 1 << 30);
    assert.ok(Number(table.rows.at(-1).network_sent_per_second) >= 0 && Number(table.rows.at(-1).disk_written_per_second) >= 0);
    assert.ok((await frame.locator("[data-testid=disks-row][data-id='/']").count()) === 1);
    await look(frame, "dashboard");

    // The keyboard: along the tabs, and along a chart.
    await frame.getByTestId("plot-cpu").focus();
    await page.keyboard.press("ArrowLeft");
    await frame.getByTestId("readout-cpu").waitFor();
    assert.match(await frame.getByTestId("plot-cpu").getAttribute("aria-valuetext"), /: \d+%$/);
    await frame.getByTestId("tab-overview").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await board().getAttribute("data-tab"), "processes");
    assert.equal(await board().getAttribute("data-shown"), "processes", "only what is shown is read");

    // A program of the customer's, found by its name and ended.
    const victim = join(stage.folder, "walk-victim-program");
    copyFileSync("/bin/sleep", victim);
    const program = stage.start("victim", victim, ["1000"]);
    await frame.getByTestId("filter").fill("walk-victim");
    const row = frame.locator("[data-testid=processes-row]").filter({ hasText: "walk-victim-program" });
    await row.waitFor();
    assert.equal(await frame.getByTestId("processes-row").count(), 1);
    assert.match(await row.getAttribute("data-id"), new RegExp(`^${program.process.pid}:`));
    near("its memory", Number(await row.locator("[data-memory]").getAttribute("data-memory")), Number(proc(`${program.process.pid}/status`).match(/VmRSS:\s+(\d+)/)[1]) * 1024, 4 << 20);
    await row.click();
    await look(frame, "dashboard-processes");
    const list = await exported(frame);
    assert.deepEqual([list.rows.length, list.rows[0].name, list.rows[0].id], [1, "walk-victim-program", String(program.process.pid)]);

    // No is no.
    let said = host.text.length;
    await frame.getByTestId("end").click();
    await look(frame, "dashboard-end");
    await frame.getByTestId("dialog-yes").click();
    said = await host.wrote(/End programs and restart this computer[^\n]*\) /, said);
    await frame.getByTestId("waiting").waitFor();
    host.say("n");
    await page.getByTestId("notices").getByText("The customer said no").waitFor();
    assert.equal(program.exit, null, "it runs on");
    assert.ok((await tick()) > 0 && (await row.count()) === 1, "reading goes on");

    // The customer allows it, and only then it ends.
    said = host.text.length;
    host.say("allow control-system");
    said = await host.wrote(/Allow it now\?[^\n]*\) /, said);
    host.say("y");
    await until("ending is unlocked", async () => (await board().getAttribute("data-end")) === "true");
    await row.click();
    await page.keyboard.press("Delete");
    await frame.getByTestId("dialog-yes").click();
    assert.equal(await until("the program was asked to end", () => program.exit), "SIGTERM");
    await row.waitFor({ state: "detached" });

    // What this computer has no part for says so.
    for (const tab of ["services", "log"]) {
      await frame.getByTestId(`tab-${tab}`).click();
      assert.equal(await board().getAttribute("data-shown"), "");
      await frame.locator(`[data-testid=${tab}], [data-testid=problem-${tab}][data-code=unavailable]`).first().waitFor();
      await look(frame, `dashboard-${tab}`);
    }
    await frame.getByTestId("tab-computer").click();
    const fact = async (name) => (await frame.getByTestId(`fact-${name}`).innerText()).trim();
    assert.deepEqual([await fact("hostname"), await fact("kernel")], [proc("sys/kernel/hostname").trim(), proc("sys/kernel/osrelease").trim()]);
    assert.equal(Number(await fact("cores")), cores);
    await look(frame, "dashboard-computer");

    // Paused, and behind another tab, nothing is read.
    await frame.getByTestId("tab-overview").click();
    await until("figures come again", async () => (await board().getAttribute("data-shown")).startsWith("load"));
    await frame.getByTestId("every").selectOption("0");
    await sleep(600);
    const paused = await tick();
    await sleep(2500);
    assert.equal(await tick(), paused);
    await frame.getByTestId("every").selectOption("0.5");
    await until("figures come twice a second", async () => (await tick()) >= paused + 4);
    await tech.id("open-dashboard").click();
    await until("the first dashboard is behind", async () => (await board().getAttribute("data-shown")) === "");
    await tech.id("tab-close").last().click();
    await until("and in front again", async () => (await board().getAttribute("data-shown")) !== "");

    // Three languages, light and dark.
    await page.emulateMedia({ colorScheme: "dark" });
    await sleep(1500);
    await look(frame, "dashboard-dark");
    for (const [language, word] of [["fr", "Mémoire"], ["es", "Memoria"]]) {
      await tech.id("language").selectOption(language);
      await frame.getByTestId("chart-memory").getByText(word, { exact: true }).waitFor();
      await picture(`dashboard-dark-${language}`);
      await frame.getByTestId("tab-processes").click();
      await frame.getByTestId("processes-row").first().waitFor();
      await picture(`dashboard-dark-processes-${language}`);
      await frame.getByTestId("tab-overview").click();
    }
    await tech.id("language").selectOption("en");
    await page.emulateMedia({ colorScheme: "light" });

    // The customer takes the yes back.
    host.say("revoke read-system");
    await frame.locator("[data-testid=problem-load][data-code=denied][data-reason=local-user-revoked]").waitFor();
    await look(frame, "dashboard-denied");
    assert.deepEqual(tech.errors, []);

    host.say("end");
    assert.equal(await until("the host ended", () => host.exit !== null && String(host.exit)), "0");
  });
});
