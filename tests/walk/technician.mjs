// What a technician does in the console, and what the customer answers, step by step.
import { agent, technicianPassword, until } from "./stage.mjs";

export class Technician {
  constructor(stage, page) {
    this.stage = stage;
    this.page = page;
    this.errors = [];
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.errors.push(message.text());
    });
  }

  /** In a browser of their own; files are saved as downloads, which the walk can see. */
  static async at(stage, options = {}) {
    const context = await stage.browser.newContext({ viewport: { width: 1400, height: 1000 }, acceptDownloads: true, locale: "en-GB", ...options });
    await context.addInitScript(() => delete window.showSaveFilePicker);
    return new Technician(stage, await context.newPage());
  }

  id(name) {
    return this.page.getByTestId(name);
  }

  async logIn() {
    await this.page.goto(this.stage.url);
    await this.id("login-email").fill("tara@acme.test");
    await this.id("login-password").fill(technicianPassword);
    await this.id("login-submit").click();
    await this.id("prepare-open").waitFor();
  }

  async prepare() {
    await this.id("prepare-open").click();
    await this.id("prepare-email").fill("carla@customer.test");
    await this.id("prepare-submit").click();
    const read = async (name) => (await this.id(name).innerText()).trim();
    const session = { link: await read("result-link"), code: (await read("result-code")).replace(/\s/g, ""), password: await read("result-password") };
    await this.id("result-done").click();
    session.id = await this.page.locator("[data-testid=session][data-state=prepared]").first().getAttribute("data-session");
    return session;
  }

  /** The customer joins at the terminal; `answers` are given to the questions of consent in turn. */
  async joined(computer, session, answers) {
    const host = this.stage.host(computer, agent, ["join", session.link, "--consent", "ask", "--root", `Docs=${computer.docs}`, "--state", computer.state]);
    let at = await host.wrote(/Security code[^\n]*: /);
    host.say(session.code);
    for (;;) {
      const next = await host.wrote(/\? \(y\/a\/n\) |session is active until/, at, 40_000);
      const question = host.text.slice(at, next);
      if (question.includes("session is active")) return host;
      host.say(answers(question));
      at = next;
    }
  }

  /** Opens a capability on the session's page; gives its frame. */
  async open(session, capability, password) {
    await this.page.goto(`${this.stage.url}/sessions/${session.id}`);
    await this.page.locator(`[data-testid=capability-${capability}][data-available=true]`).waitFor();
    await this.id(`open-${capability}`).click();
    if (password) {
      await this.id("password-input").last().fill(password);
      await this.id("password-submit").last().click();
    }
    const handle = await this.id("plugin-frame").last().elementHandle({ timeout: 40_000 });
    const frame = await until("the frame is there", () => handle.contentFrame());
    await frame.getByTestId(capability).waitFor({ timeout: 40_000 });
    return frame;
  }
}
