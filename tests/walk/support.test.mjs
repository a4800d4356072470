// The whole way, as people go it: a technician in a browser, a customer at a terminal, real programs on a real screen.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { findings } from "./looks.mjs";
import { Stage, agent, screenOf, sleep, snapshot, technicianPassword, until } from "./stage.mjs";

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const pictures = process.env.PICTURES;

describe("a support session from preparing to nothing left", { timeout: 300_000 }, () => {
  let stage, page, errors;

  before(async () => {
    stage = await Stage.set();
    const context = await stage.browser.newContext({ viewport: { width: 1400, height: 1000 }, acceptDownloads: true, locale: "en-GB" });
    // The console writes files by itself where the browser can; Playwright sees downloads.
    await context.addInitScript(() => delete window.showSaveFilePicker);
    page = await context.newPage();
    errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) errors.push(message.text());
    });
  });
  after(() => stage?.close());

  afterEach(async (context) => {
    if (!context.passed) await picture(`failed-${context.name.slice(0, 5)}`);
  });

  const id = (name) => page.getByTestId(name);
  async function picture(name, of = page) {
    if (pictures) await of.screenshot({ path: join(pictures, `${name}.png`) });
  }

  async function logIn() {
    await page.goto(stage.url);
    if (await id("login-email").isVisible({ timeout: 5000 }).catch(() => false)) {
      await id("login-email").fill("tara@acme.test");
      await id("login-password").fill(technicianPassword);
      await id("login-submit").click();
    }
    await id("prepare-open").waitFor();
  }

  async function prepare() {
    await id("prepare-open").click();
    await id("prepare-email").fill("carla@customer.test");
    await id("prepare-name").fill("Carla Customer");
    await picture("prepare");
    await id("prepare-submit").click();
    const read = async (name) => (await id(name).innerText()).trim();
    const session = { link: await read("result-link"), code: (await read("result-code")).replace(/\s/g, ""), password: await read("result-password") };
    await picture("prepared");
    await id("result-done").click();
    session.id = await page.locator("[data-testid=session][data-state=prepared]").first().getAttribute("data-session");
    return session;
  }

  /** The customer's side at the terminal; `answers` are given to the questions in turn. */
  async function joins(computer, session, { file, answers }) {
    const typed = ["join", session.link, "--consent", "ask", "--root", `Docs=${computer.docs}`, "--state", computer.state];
    const host = file ? stage.host(computer, file, []) : stage.host(computer, agent, typed);
    let at = await host.wrote(/Security code[^\n]*: /);
    assert.match(host.text, /Tara Technician of Acme Support would like to help you/);
    assert.match(host.text, /NOT CONFIRMED/);
    host.say("not a code");
    at = await host.wrote(/six digits/, at);
    at = await host.wrote(/Security code[^\n]*: /, at);
    host.say(session.code === "111111" ? "222222" : "111111");
    at = await host.wrote(/Tries left: 4/, at);
    at = await host.wrote(/Security code[^\n]*: /, at);
    host.say(`${session.code.slice(0, 3)} ${session.code.slice(3)}`);
    for (;;) {
      const next = await host.wrote(/\? \(y\/a\/n\) |session is active until/, at);
      if (host.text.slice(at, next).includes("session is active")) break;
      const question = host.text.slice(at, next);
      host.say(answers(question));
      at = next;
    }
    return host;
  }

  async function openSession(session, query = "") {
    await page.goto(`${stage.url}/sessions/${session.id}${query}`);
    await page.locator(`[data-testid=session-page][data-state=active]`).waitFor();
  }

  async function open(capability, password, byLink = false) {
    await page.locator(`[data-testid=capability-${capability}][data-available=true]`).waitFor();
    const frames = page.getByTestId("plugin-frame");
    const open = byLink ? 0 : await frames.count();
    if (!byLink) await id(`open-${capability}`).click();
    if (password) {
      const input = page.getByTestId("password-input").last();
      await input.fill("wrong-password");
      await page.getByTestId("password-submit").last().click();
      await page.getByTestId("password-said").waitFor();
      await until("the prompt takes another try", async () => await page.getByTestId("password-submit").last().isEnabled());
      await input.fill(password);
      await page.getByTestId("password-submit").last().click();
    }
    await until("one more frame", async () => (await frames.count()) === open + 1);
    const handle = await frames.last().elementHandle();
    const frame = await until("the frame is there", () => handle.contentFrame());
    await frame.getByTestId(capability).waitFor({ timeout: 30_000 });
    return frame;
  }

  const pixels = async (frame) => {
    const { width, height, rgba, sequence } = await frame.evaluate(() => window.readPixels());
    return { width, height, sequence, rgba: Buffer.from(rgba, "base64") };
  };

  /** Compares every pixel with what the X server says; the screen may still be settling. */
  async function sameAsScreen(frame) {
    await until("the picture equals the screen, pixel by pixel", async () => {
      const seen = await pixels(frame);
      const real = screenOf(stage.screen);
      assert.deepEqual([seen.width, seen.height], [real.width, real.height]);
      let differ = 0;
      for (let at = 0; at < real.width * real.height; at += 1) {
        if (seen.rgba[at * 4] !== real.rgb[at * 3] || seen.rgba[at * 4 + 1] !== real.rgb[at * 3 + 1] || seen.rgba[at * 4 + 2] !== real.rgb[at * 3 + 2]) differ += 1;
      }
      assert.equal(differ, 0, `${differ} pixels differ`);
      return true;
    });
    const colours = new Set();
    const { rgba } = await pixels(frame);
    for (let at = 0; at < rgba.length; at += 4 * 97) colours.add(rgba.readUInt32LE(at));
    assert.ok(colours.size > 1, "the screen is not one colour");
  }

  /** Clicks a pixel of the customer's screen, at 1:1. */
  async function click(frame, x, y) {
    await frame.getByTestId("screen").click({ position: { x, y } });
  }

  test("R1-R17: yes to everything, with a download of the host, control, files, reopening and the end", async () => {
    const computer = stage.computer("carla");
    const incoming = randomBytes(3_000_001);
    writeFileSync(join(computer.docs, "report.bin"), incoming);
    const terminal = await stage.terminal("first", "60x12+20+40");
    const other = await stage.terminal("second", "60x12+20+400");
    const before = snapshot(computer.folder);

    await logIn();
    const session = await prepare();

    // The customer's page: who, what, how long, one button per system; it consumes nothing.
    const customer = await stage.browser.newContext({ locale: "fr-FR", viewport: { width: 390, height: 844 }, javaScriptEnabled: false });
    const door = await customer.newPage();
    for (let visit = 0; visit < 3; visit += 1) assert.equal((await door.goto(session.link)).status(), 200);
    const said = await door.locator("body").innerText();
    assert.match(said, /Acme Support/);
    assert.match(said, /Tara Technician/);
    assert.match(said, /24/);
    await picture("customer-page", door);
    const [download] = await Promise.all([door.waitForEvent("download"), door.locator("a[download]").first().click()]);
    const name = download.suggestedFilename();
    assert.match(name, /^hospes-agent--127\.0\.0\.1--\d+--[a-z2-7]+/, "the file's name carries address, token and key pin");
    assert.equal(hash(readFileSync(await download.path())), hash(readFileSync(agent)), "one byte-identical host for everybody");
    await customer.close();

    const host = await joins(computer, session, { answers: () => "y" });
    await openSession(session);
    const frame = await open("remote-control", session.password);
    await frame.locator("[data-testid=remote-control][data-state=shown]").waitFor();
    await sameAsScreen(frame);
    await picture("remote-control");
    assert.deepEqual(await findings(frame), [], "axe on remote control");

    // Typing and clicks, seen by X clients: a click gives the focus, keys go where the focus is.
    await frame.getByTestId("scale-one").click();
    await click(frame, 150, 130);
    await sleep(300);
    // Physical keys travel, so Shift is a key of its own.
    await page.keyboard.type("hello, ");
    await page.keyboard.press("Shift+KeyW");
    await page.keyboard.type("orld 42");
    await page.keyboard.press("Shift+Digit1");
    await page.keyboard.press("Enter");
    await until("the first terminal saw the keys", () => terminal.lines().includes("hello, World 42!\n"));
    await click(frame, 150, 490);
    await sleep(300);
    await page.keyboard.type("second\n");
    await until("the second terminal saw the keys", () => other.lines() === "second\n");
    assert.ok(!terminal.lines().includes("second"));
    await sameAsScreen(frame);
    await host.wrote(/CONNECTED: Tara Technician with/);

    // Files, down and up, in a second tab beside the first (R8), without the password (R2).
    const files = await open("file-manager");
    const row = (text) => files.getByTestId("entry").filter({ hasText: text });
    await row("report.bin").click();
    const [down] = await Promise.all([page.waitForEvent("download"), files.getByTestId("download").click()]);
    assert.equal(hash(readFileSync(await down.path())), hash(incoming));
    const outgoing = randomBytes(2_500_003);
    const local = join(stage.folder, "from technician ñ.bin");
    writeFileSync(local, outgoing);
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), files.getByTestId("upload").click()]);
    await chooser.setFiles(local);
    await until("the upload is in its place", () => existsSync(join(computer.docs, "from technician ñ.bin")));
    assert.equal(hash(readFileSync(join(computer.docs, "from technician ñ.bin"))), hash(outgoing));
    await row("from technician").waitFor();
    await picture("file-manager");
    assert.deepEqual(await findings(files), [], "axe on the file manager");
    assert.deepEqual(await findings(page), [], "axe around them");

    // Closing does not end the session (R14); opening again needs nothing.
    await page.getByTestId("tab-close").first().click();
    await page.getByTestId("tab-close").first().click();
    assert.equal(await page.getByTestId("session-page").getAttribute("data-state"), "active");
    const again = await open("remote-control");
    await again.locator("[data-testid=remote-control][data-state=shown]").waitFor();
    await sameAsScreen(again);

    // The end, from the technician's page (R13).
    await id("end").first().click();
    await id("end-confirm").click();
    assert.equal(await until("the host ended", () => host.exit !== null && String(host.exit)), "0");
    assert.match(host.text, /The technician has ended the session/);
    const left = snapshot(computer.folder).filter((path) => !path.startsWith(computer.docs));
    assert.deepEqual(left, before.filter((path) => !path.startsWith(computer.docs)), "nothing is left behind");
    assert.equal((await fetch(session.link)).status, 410, "the link is dead");
    await page.goto(`${stage.url}/history`);
    await page.locator(`[data-testid=session][data-session="${session.id}"] [data-testid=removal][data-removal=done]`).waitFor();
    await picture("ended");
    assert.deepEqual(errors, []);
  });

  test("R3-R4: the downloaded file needs no configuration, and no to control means seeing only", async () => {
    const computer = stage.computer("nora");
    const terminal = await stage.terminal("third", "60x12+520+40");
    await logIn();
    const session = await prepare();
    const ticket = new URL(session.link).pathname.split("/").at(-1);
    const file = join(computer.folder, `hospes-agent--127.0.0.1--${stage.port}--${ticket} (1)`);
    copyFileSync(agent, file);
    chmodSync(file, 0o755);

    const answers = (question) => (/mouse and keyboard/.test(question) ? "n" : "y");
    const host = await joins(computer, session, { file, answers });
    // A link that leads straight to work, as the demo prints it.
    await openSession(session, "?open=remote-control");
    const frame = await open("remote-control", session.password, true);
    await frame.locator("[data-testid=remote-control][data-state=shown][data-input=false]").waitFor();
    await sameAsScreen(frame);
    await frame.getByTestId("view-only").waitFor();
    await frame.getByTestId("scale-one").click();
    await click(frame, 650, 130);
    await page.keyboard.type("must not arrive\n");
    await sleep(1000);
    assert.equal(terminal.lines(), "");
    await picture("view-only");

    // The customer changes their mind, there and then.
    let said = host.text.length;
    host.say("allow control");
    said = await host.wrote(/Use mouse and keyboard\. Allow it now\?[^\n]*\) /, said);
    host.say("y");
    await host.wrote(/Use mouse and keyboard: yes/, said);
    await until("control is possible", async () => {
      await click(frame, 650, 130);
      return (await frame.getByTestId("remote-control").getAttribute("data-input")) === "true";
    });
    await click(frame, 650, 130);
    await sleep(300);
    await page.keyboard.type("now it does\n");
    await until("keys arrive after the customer's yes", () => terminal.lines() === "now it does\n");
    said = host.text.length;
    host.say("revoke control");
    await host.wrote(/Use mouse and keyboard: no/, said);
    await page.keyboard.type("and no more\n");
    await frame.locator("[data-testid=remote-control][data-input=false]").waitFor();
    await sleep(500);
    assert.equal(terminal.lines(), "now it does\n");

    // The customer ends it (R13).
    host.say("end");
    assert.equal(await until("the host ended", () => host.exit !== null && String(host.exit)), "0");
    await page.locator("[data-testid=channel-closed]").first().waitFor();
    await picture("ended-by-customer");
    assert.deepEqual(snapshot(computer.home), [computer.docs]);
    assert.ok(!existsSync(file), "the download is gone too");
    assert.deepEqual(errors, []);
  });
});
