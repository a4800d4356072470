// Notifications as an owner sets them up (R19): a real mail server, a real webhook receiver that fails twice, and what the console
// says of it.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { look } from "./looks.mjs";

// The receiver stands on this computer; servers start with what is set here.
process.env.HOSPES_WEBHOOKS__ALLOW = '["127.0.0.1"]';
process.env.HOSPES_WEBHOOKS__PRIVATE = "true";
const { Stage, technicianPassword, until } = await import("./stage.mjs");

describe("notifications", { timeout: 240_000 }, () => {
  let stage, page, errors, receiver, received, failures;

  before(async () => {
    received = [];
    failures = 2;
    receiver = createServer((request, response) => {
      let body = "";
      request.on("data", (data) => (body += data));
      request.on("end", () => {
        received.push({ headers: request.headers, body });
        response.writeHead(failures > 0 ? 503 : 204).end();
        failures -= 1;
      });
    });
    await new Promise((done) => receiver.listen(0, "127.0.0.1", done));
    stage = await Stage.set();
    stage.admin(["technician", "add", "--company", "Acme Support", "--email", "olga@acme.test", "--name", "Olga Owner", "--role", "owner"], technicianPassword);
    errors = [];
    page = await enter("olga@acme.test");
  });
  after(async () => {
    receiver?.close();
    await stage?.close();
  });

  const id = (name) => page.getByTestId(name);
  const card = (title) => page.locator(`[data-testid=channel][data-title="${title}"]`);

  async function enter(email) {
    const context = await stage.browser.newContext({ viewport: { width: 1400, height: 900 }, locale: "en-GB" });
    const entered = await context.newPage();
    entered.on("pageerror", (error) => errors.push(String(error)));
    await entered.goto(stage.url);
    await entered.getByTestId("login-email").fill(email);
    await entered.getByTestId("login-password").fill(technicianPassword);
    await entered.getByTestId("login-submit").click();
    await entered.getByTestId("prepare-open").waitFor();
    return entered;
  }

  test("the invitation goes out by itself, and the session's page says so", async () => {
    await id("prepare-open").click();
    await id("prepare-email").fill("carla@customer.test");
    await id("prepare-language").selectOption("fr");
    await id("prepare-submit").click();
    const link = (await id("result-link").innerText()).trim();
    await look(page, "result-mail", false);
    await id("result-done").click();
    const mail = await stage.mail("the invitation", (each) => JSON.stringify(each).includes("carla@customer.test"));
    assert.ok(mail.text.includes(link), "the mail has the link");
    await page.locator("[data-testid=session][data-state=prepared] [data-testid=details]").click();
    await page.locator("[data-testid=delivery][data-event='session.prepared'][data-state=delivered]").waitFor();
    await look(page, "session-invited");
    assert.deepEqual(errors, []);
  });

  test("an owner adds a webhook; a receiver that fails twice gets the message in the end, signed and with one key", async () => {
    await page.goto(`${stage.url}/notifications`);
    await card("Customers").waitFor();
    await id("channel-add").click();
    await id("channel-kind").selectOption("notify-webhook");
    await id("channel-title").fill("Ticket system");
    await id("channel-url").fill("https://elsewhere.test/hook");
    await id("channel-generate").click();
    const secret = await id("channel-secret").inputValue();
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    await id("channel-save").click();
    assert.match(await page.locator("#c-events-said").innerText(), /at least one/);
    await id("channel-event-session.ended").check();
    await id("channel-secret").fill("too short");
    await id("channel-save").click();
    await page.locator("[data-testid=channel-problem][data-code=bad-config]").waitFor();
    assert.match(await id("channel-problem").innerText(), /secret/);
    await id("channel-secret").fill(secret);
    await id("channel-url").fill(`http://127.0.0.1:${receiver.address().port}/hook`);
    await look(page, "webhook", false);
    await id("channel-save").click();
    await card("Ticket system").waitFor();
    assert.ok(!(await page.content()).includes(secret), "the secret is not shown again");

    // The session of the test before ends: that is what the channel tells of.
    await page.goto(stage.url);
    await id("end").click();
    await id("end-confirm").click();
    await id("list-empty").waitFor();
    await id("nav-notifications").click();
    const told = page.locator("[data-testid=delivery][data-event='session.ended']").filter({ hasText: "Ticket system" });
    await until("it is tried again", async () => (await told.getAttribute("data-state")) === "waiting" && Number(await told.getAttribute("data-attempts")) > 0);
    await look(page, "delivery-waiting");
    await until("the third try arrives, without a reload", async () => (await told.getAttribute("data-state")) === "delivered", 60_000);
    assert.equal(received.length, 3);
    assert.equal(new Set(received.map(({ headers }) => headers["webhook-id"])).size, 1, "one key for all tries");
    for (const { headers, body } of received) {
      const signed = createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
      assert.equal(headers["webhook-signature"], `v1,${signed.digest("base64")}`);
    }
    assert.equal(JSON.parse(received.at(-1).body).event, "session.ended");

    // The secret stays when the channel is changed without it.
    await card("Ticket system").getByTestId("channel-edit").click();
    assert.equal(await id("channel-secret").inputValue(), "");
    await id("channel-title").fill("Tickets");
    await id("channel-save").click();
    await card("Tickets").getByTestId("channel-test").click();
    await page.locator("[data-testid=delivery][data-event=test][data-state=delivered]").waitFor();
    await look(page, "notifications-set-up");
    assert.deepEqual(errors, []);
  });

  test("what cannot be delivered is a dead letter that is sent again, with the same key", async () => {
    const address = receiver.address().port;
    received.length = 0;
    await new Promise((done) => receiver.close(done));
    const gone = createServer((request, response) => {
      received.push(request.headers);
      request.resume().on("end", () => response.writeHead(received.length === 1 ? 410 : 204).end());
    });
    await new Promise((done) => gone.listen(address, "127.0.0.1", done));
    await card("Tickets").getByTestId("channel-test").click();
    const dead = page.locator("[data-testid=delivery][data-event=test][data-state=dead]");
    await dead.waitFor();
    await id("deliveries-state").selectOption("dead");
    await until("only dead letters are shown", async () => (await id("delivery").count()) === 1);
    await look(page, "dead-letter");
    await dead.getByTestId("delivery-again").click();
    await id("deliveries-state").selectOption("delivered");
    await until("it arrived", async () => received.length === 2 && (await id("delivery").count()) >= 4);
    assert.equal(received[0]["webhook-id"], received[1]["webhook-id"]);
    await new Promise((done) => gone.close(done));

    await card("Tickets").getByTestId("channel-remove").click();
    await look(page, "channel-remove", false);
    await id("channel-remove-confirm").click();
    await card("Tickets").waitFor({ state: "detached" });
    assert.deepEqual(errors, []);
  });

  test("technicians look and do not touch; a plan without webhooks says what unlocks them", async () => {
    const tara = await enter("tara@acme.test");
    await tara.goto(`${stage.url}/notifications`);
    await tara.getByTestId("notify-read-only").waitFor();
    assert.equal((await tara.getByTestId("channel-add").count()) + (await tara.getByTestId("channel-edit").count()), 0);
    await tara.context().close();

    stage.admin(["company", "add", "--name", "Small Ltd", "--plan", "essential", "--seats", "1"]);
    stage.admin(["technician", "add", "--company", "Small Ltd", "--email", "sam@small.test", "--name", "Sam Small", "--role", "owner"], technicianPassword);
    const sam = await enter("sam@small.test");
    await sam.goto(`${stage.url}/notifications`);
    await sam.getByTestId("locked-notify-webhook").waitFor();
    assert.match(await sam.getByTestId("locked-notify-webhook").innerText(), /essential.*notify-webhook/s);
    await look(sam, "notifications-locked");
    await sam.context().close();
    assert.deepEqual(errors, []);
  });
});
