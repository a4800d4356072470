// The console's pages beside the support itself: technicians, profile, history, audit log, choosing capabilities; every page in
// three languages, light and dark, on a phone, by keyboard, and when the server is away.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Stage, agent, technicianPassword, until } from "./stage.mjs";
import { look } from "./looks.mjs";

const OWNER = "olga@acme.test";
const PAGES = { list: "/", history: "/history", company: "/company", notifications: "/notifications", audit: "/audit", profile: "/profile" };

describe("the console", { timeout: 300_000 }, () => {
  let stage, owner, errors;

  before(async () => {
    stage = await Stage.set();
    stage.admin(["technician", "add", "--company", "Acme Support", "--email", OWNER, "--name", "Olga Owner", "--role", "owner"], technicianPassword);
    errors = [];
    owner = await enter(OWNER, technicianPassword);
  });
  after(() => stage?.close());

  /** A browser of its own, and a page in it that reports what goes wrong. */
  async function browser(options = {}) {
    const context = await stage.browser.newContext({ viewport: { width: 1400, height: 900 }, locale: "en-GB", acceptDownloads: true, ...options });
    const page = await context.newPage();
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) errors.push(message.text());
    });
    return page;
  }

  async function logIn(page, email, password) {
    await page.goto(stage.url);
    await page.getByTestId("login-email").fill(email);
    await page.getByTestId("login-password").fill(password);
    await page.getByTestId("login-submit").click();
  }

  async function enter(email, password, options) {
    const page = await browser(options);
    await logIn(page, email, password);
    await page.getByTestId("prepare-open").waitFor();
    return page;
  }

  /** Every list has said what it has. */
  async function settled(page) {
    await page.getByRole("heading", { level: 1 }).waitFor();
    await until("nothing is loading", async () => (await page.locator("[data-testid$=-loading]:visible").count()) === 0);
  }

  async function prepare(page, email, capabilities) {
    await page.goto(stage.url);
    await page.getByTestId("prepare-open").click();
    await page.getByTestId("prepare-email").fill(email);
    for (const capability of ["remote-control", "file-manager"]) {
      await page.getByTestId(`prepare-capability-${capability}`).setChecked(capabilities.includes(capability));
    }
    await page.getByTestId("prepare-submit").click();
    const link = (await page.getByTestId("result-link").innerText()).trim();
    const code = (await page.getByTestId("result-code").innerText()).replace(/\s/g, "");
    await look(page, `prepared-dialog`, false);
    await page.getByTestId("result-done").click();
    const id = await page.locator("[data-testid=session][data-state=prepared]").first().getAttribute("data-session");
    return { id, link, code };
  }

  test("an owner adds, resets, disables and enables a technician, who chooses a password of their own", async () => {
    await owner.goto(`${stage.url}/company`);
    await owner.getByTestId("tech-add").click();
    await owner.getByTestId("tech-name").fill("Théo Nouveau");
    await owner.getByTestId("tech-email").fill("theo@acme.test");
    await look(owner, "technician-add", false);
    await owner.getByTestId("own-password").fill("not mine at all");
    await owner.getByTestId("tech-add-go").click();
    await owner.locator("[data-testid=tech-problem][data-code=wrong-password]").waitFor();
    await owner.getByTestId("own-password").fill(technicianPassword);
    await owner.getByTestId("tech-add-go").click();
    const temporary = (await owner.getByTestId("temporary-password").innerText()).trim();
    await look(owner, "technician-added", false);
    await owner.getByTestId("temporary-done").click();
    const row = owner.locator("[data-testid=technician][data-email='theo@acme.test']");
    await row.waitFor();
    assert.equal(await owner.getByText(temporary).count(), 0, "the password is shown once");

    // The first log-in opens nothing but the change of the password.
    const theo = await browser({ locale: "fr-FR" });
    await logIn(theo, "theo@acme.test", temporary);
    await theo.getByTestId("forced-password").waitFor();
    await look(theo, "forced-password");
    await theo.goto(`${stage.url}/history`);
    await theo.getByTestId("forced-password").waitFor();
    await theo.getByTestId("password-current").fill(temporary);
    await theo.getByTestId("password-new").fill("un mot de passe à moi");
    await theo.getByTestId("password-again").fill("un mot de passe à lui");
    await theo.getByTestId("password-change").click();
    assert.match(await theo.getByTestId("password-differ").innerText(), /diffèrent/);
    await theo.getByTestId("password-again").fill("un mot de passe à moi");
    await theo.getByTestId("password-change").click();
    await theo.getByTestId("nav-company").click();

    // Technicians see each other and change nothing.
    await theo.getByTestId("tech-read-only").waitFor();
    assert.equal(await theo.getByTestId("technician").count(), 3);
    assert.equal(await theo.getByTestId("tech-add").count() + (await theo.getByTestId("tech-disable").count()), 0);
    await look(theo, "company-technician-fr");

    // A reset ends their log-ins at once; the new password is temporary again.
    await row.getByTestId("tech-reset").click();
    await owner.getByTestId("own-password").fill(technicianPassword);
    await owner.getByTestId("tech-reset-go").click();
    const second = (await owner.getByTestId("temporary-password").innerText()).trim();
    await owner.getByTestId("temporary-done").click();
    await theo.getByTestId("login-email").waitFor();
    await logIn(theo, "theo@acme.test", "un mot de passe à moi");
    await theo.locator("[data-testid=login-problem][data-code=wrong-credentials]").waitFor();
    await logIn(theo, "theo@acme.test", second);
    await theo.getByTestId("forced-password").waitFor();

    // Disabled: out, and not in again until enabled.
    await row.getByTestId("tech-disable").click();
    await look(owner, "technician-disable", false);
    await owner.getByTestId("tech-disable-confirm").click();
    await owner.locator("[data-testid=technician][data-email='theo@acme.test'][data-disabled=true]").waitFor();
    await logIn(theo, "theo@acme.test", second);
    await theo.locator("[data-testid=login-problem][data-code=account-disabled]").waitFor();
    await look(theo, "login-disabled-fr");
    await row.getByTestId("tech-enable").click();
    await owner.locator("[data-testid=technician][data-email='theo@acme.test'][data-disabled=false]").waitFor();
    await logIn(theo, "theo@acme.test", second);
    await theo.getByTestId("forced-password").waitFor();
    await theo.context().close();
    assert.deepEqual(errors, []);
  });

  test("a profile keeps name, language and password; a log-in is ended from another", async () => {
    const here = await enter("tara@acme.test", technicianPassword);
    await here.goto(`${stage.url}/profile`);
    await here.getByTestId("profile-name").fill("Tara Tremblay");
    await here.getByTestId("profile-save").click();
    await until("the new name is in the header", async () => /Tara Tremblay/.test(await here.getByTestId("who").innerText()));
    await here.getByTestId("profile-language").selectOption("es");
    await here.getByRole("heading", { level: 1, name: "Perfil" }).waitFor();
    await until("the server keeps the language", async () => {
      const me = await here.evaluate(async () => (await fetch("/api/v1/me")).json());
      return me.technician.language === "es";
    });

    // Elsewhere the log-in page speaks the browser's language, and from then on the technician's.
    const there = await browser({ locale: "fr-FR" });
    await there.goto(stage.url);
    await there.getByRole("heading", { name: "Connexion" }).waitFor();
    await logIn(there, "tara@acme.test", technicianPassword);
    await there.getByRole("heading", { level: 1, name: "Asistencia ad hoc" }).waitFor();
    assert.equal(await there.evaluate(() => document.documentElement.lang), "es");

    await here.reload();
    await until("both log-ins are listed", async () => (await here.getByTestId("login").count()) === 2);
    await look(here, "profile-es");
    await here.getByTestId("login-end").click();
    await there.getByTestId("login-email").waitFor({ timeout: 10_000 });
    await there.getByText("Su acceso ha caducado", { exact: false }).waitFor();

    await here.getByTestId("password-current").fill("wrong wrong wrong");
    await here.getByTestId("password-new").fill("a longer one of mine");
    await here.getByTestId("password-again").fill("a longer one of mine");
    await here.getByTestId("password-change").click();
    await here.locator("[data-testid=password-problem][data-code=wrong-password]").waitFor();
    await here.getByTestId("password-current").fill(technicianPassword);
    await here.getByTestId("password-change").click();
    await here.getByText("La contraseña se ha cambiado", { exact: false }).waitFor();
    await logIn(there, "tara@acme.test", "a longer one of mine");
    await there.getByTestId("prepare-open").waitFor();

    await here.getByTestId("everywhere").click();
    await look(here, "everywhere-es", false);
    await here.getByTestId("everywhere-confirm").click();
    await here.getByTestId("login-email").waitFor();
    await there.getByTestId("login-email").waitFor({ timeout: 10_000 });
    await Promise.all([here, there].map((page) => page.context().close()));
    assert.deepEqual(errors, []);
  });

  test("R20: capabilities are chosen while a session runs; history and audit log tell of it", async () => {
    const session = await prepare(owner, "nadia@customer.test", ["remote-control"]);
    await owner.goto(`${stage.url}/sessions/${session.id}`);
    await owner.getByTestId("session-page").waitFor();
    await settled(owner);
    await look(owner, "session-prepared");

    const computer = stage.computer("nadia");
    const join = ["join", session.link, "--code", session.code, "--headless", "--consent", "allow", "--root", `Docs=${computer.docs}`, "--state", computer.state];
    const host = stage.host(computer, agent, join);
    await owner.locator("[data-testid=session-page][data-state=active]").waitFor();
    const files = owner.locator("[data-testid=capability-file-manager]");
    await owner.locator("[data-testid=capability-file-manager][data-available=false]").waitFor();
    assert.notEqual((await owner.getByTestId("why-file-manager").innerText()).trim(), "", "it says why");
    await owner.getByTestId("choose").click();
    await look(owner, "choose", false);
    await owner.getByTestId("choose-file-manager").check();
    await owner.getByTestId("choose-save").click();
    await owner.locator("[data-testid=capability-file-manager][data-available=true]").waitFor();
    assert.equal(await files.getAttribute("data-available"), "true");
    await owner.getByTestId("facts-toggle").click();
    await settled(owner);
    await owner.locator("[data-testid=audit-entry][data-action='session.choose']").waitFor();
    await look(owner, "session-active");
    await owner.getByTestId("end").first().click();
    await look(owner, "end", false);
    await owner.getByTestId("end-confirm").click();
    assert.equal(await until("the host ended", () => host.exit !== null && String(host.exit)), "0");
    await owner.locator("[data-testid=session-page][data-state=ended]").waitFor();
    await owner.locator("[data-testid=removal][data-removal=done]").first().waitFor();
    await look(owner, "session-ended");

    // History: filters find it, and others do not; the address keeps them.
    await owner.getByTestId("nav-history").click();
    const found = owner.locator(`[data-testid=session][data-session="${session.id}"]`);
    await found.waitFor();
    await owner.getByTestId("filter-q").fill("NADIA@");
    await owner.getByTestId("filter-state").selectOption("ended");
    await until("the address keeps the filters", () => /q=NADIA/.test(owner.url()) && /state=ended/.test(owner.url()));
    await owner.reload();
    await found.waitFor();
    assert.equal(await owner.getByTestId("session").count(), 1);
    await look(owner, "history");
    await owner.getByTestId("filter-q").fill("nobody like that");
    await owner.getByTestId("history-empty").waitFor();
    await look(owner, "history-nothing");
    await owner.getByTestId("filter-clear").click();
    await found.getByRole("link").click();
    await owner.locator(`[data-testid=session-page][data-session="${session.id}"]`).waitFor();

    // The audit log: sequence without gaps, what the table says is what the server keeps.
    await owner.goto(`${stage.url}/audit?session=${session.id}`);
    await owner.locator("[data-testid=audit-entry][data-action='session.prepare']").waitFor();
    const actions = await owner.getByTestId("audit-entry").evaluateAll((rows) => rows.map((row) => row.dataset.action));
    for (const action of ["session.prepare", "session.activate", "session.choose", "session.end"]) assert.ok(actions.includes(action), `${action} in ${actions}`);
    await owner.getByTestId("audit-all-sessions").click();
    await owner.locator("[data-testid=audit-entry][data-sequence='1']").waitFor();
    const sequences = await owner.getByTestId("audit-entry").evaluateAll((rows) => rows.map((row) => Number(row.dataset.sequence)));
    assert.deepEqual(sequences, sequences.map((_, at) => sequences.length - at), "newest first, no gaps");
    await owner.getByTestId("audit-open").first().click();
    await look(owner, "audit");
    await owner.getByTestId("audit-action").selectOption("login");
    await until("only log-ins are left", async () => {
      const left = await owner.getByTestId("audit-entry").evaluateAll((rows) => rows.map((row) => row.dataset.action));
      return left.length > 0 && left.every((action) => action.startsWith("login"));
    });
    const [table] = await Promise.all([owner.waitForEvent("download"), owner.getByTestId("audit-csv").click()]);
    const lines = readFileSync(await table.path(), "utf8").trim().split("\n");
    assert.equal(lines.length - 1, await owner.getByTestId("audit-entry").count(), "the table has the filtered entries");
    assert.deepEqual(errors, []);
  });

  test("every page is without findings: three languages, light and dark, and on a phone", async () => {
    const context = owner.context();
    const page = await context.newPage();
    for (const [language, title] of [["en", "Ad hoc support"], ["fr", "Assistance ad hoc"], ["es", "Asistencia ad hoc"]]) {
      await page.goto(stage.url);
      await page.getByTestId("language").selectOption(language);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      for (const [name, path] of Object.entries(PAGES)) {
        for (const [colours, size] of [["light", { width: 1400, height: 900 }], ["dark", { width: 1400, height: 900 }], ["light", { width: 390, height: 844 }]]) {
          await page.emulateMedia({ colorScheme: colours });
          await page.setViewportSize(size);
          await page.goto(`${stage.url}${path}`);
          await page.getByRole("heading", { level: 1 }).waitFor();
          await settled(page);
          await look(page, `${name}-${language}-${size.width === 390 ? "phone" : colours}`);
        }
      }
    }
    const kept = page.waitForResponse((response) => response.request().method() === "PATCH" && response.url().endsWith("/me"));
    await page.getByTestId("language").selectOption("en");
    await kept;
    await page.close();
    assert.deepEqual(errors, []);
  });

  test("by keyboard alone: skip link, pages, dialogues that give the focus back", async () => {
    const page = await owner.context().newPage();
    const focus = () => page.evaluate(() => `${document.activeElement.tagName}:${document.activeElement.dataset.testid ?? document.activeElement.textContent.trim()}`);
    const tabTo = async (wanted) => {
      for (let step = 0; step < 40; step += 1) {
        await page.keyboard.press("Tab");
        if ((await focus()) === wanted) return;
      }
      assert.fail(`Tab does not reach ${wanted}; the focus is on ${await focus()}`);
    };
    await page.goto(stage.url);
    await page.getByTestId("prepare-open").waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await focus(), "A:Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");

    await page.goto(stage.url);
    await page.getByTestId("prepare-open").waitFor();
    await tabTo("A:nav-company");
    await page.keyboard.press("Enter");
    await until("the heading has the focus", async () => (await focus()) === "H1:Company & technicians");
    await page.getByTestId("tech-add").waitFor();
    await tabTo("BUTTON:tech-add");
    await page.keyboard.press("Enter");
    await page.getByTestId("tech-add-dialog").waitFor();
    for (let step = 0; step < 12; step += 1) {
      await page.keyboard.press("Tab");
      const inside = await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null);
      assert.ok(inside, `the focus leaves the dialogue for ${await focus()}`);
    }
    await page.keyboard.press("Escape");
    await page.getByTestId("tech-add-dialog").waitFor({ state: "detached" });
    assert.equal(await focus(), "BUTTON:tech-add", "the focus is back where it was");
    await page.goBack();
    await until("back: the heading has the focus", async () => (await focus()) === "H1:Ad hoc support");
    await page.close();
    assert.deepEqual(errors, []);
  });

  test("pages say when the server is away, and come back by themselves", async () => {
    await owner.goto(`${stage.url}/history`);
    await settled(owner);
    await stage.server.kill();
    await owner.getByTestId("offline").waitFor();
    await owner.getByTestId("nav-audit").click();
    await owner.getByTestId("audit-error").waitFor();
    await look(owner, "offline");
    await stage.serve();
    await owner.getByTestId("audit-entry").first().waitFor();
    await owner.getByTestId("offline").waitFor({ state: "detached" });
    assert.deepEqual(errors, []);
  });

  test("R3: the customer's page on a phone, in three languages, light and dark", async () => {
    const session = await prepare(owner, "paula@customer.test", ["remote-control"]);
    for (const [language, said] of [["en", "invites you"], ["fr", "vous invite"], ["es", "le invita"]]) {
      for (const colorScheme of ["light", "dark"]) {
        const context = await stage.browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme });
        const door = await context.newPage();
        await door.goto(`${session.link}?lang=${language}`);
        assert.ok((await door.locator("body").innerText()).includes(said));
        await look(door, `customer-${language}-${colorScheme}`);
        await context.close();
      }
    }
    const context = await stage.browser.newContext({ viewport: { width: 390, height: 844 } });
    const door = await context.newPage();
    const before = createHash("sha256").update(await (await fetch(session.link)).text()).digest("hex");
    assert.equal(createHash("sha256").update(await (await fetch(session.link)).text()).digest("hex"), before, "looking changes nothing");
    await owner.goto(stage.url);
    await owner.getByTestId("end").first().click();
    await owner.getByTestId("end-confirm").click();
    await until("the link is dead", async () => (await fetch(session.link)).status === 410);
    await door.goto(`${session.link}?lang=fr`);
    await look(door, "customer-over-fr");
    await context.close();
    assert.deepEqual(errors, []);
  });
});
