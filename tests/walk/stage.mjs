// The stage of a walk: a real server, a real X server with real programs, a real host on a pty, a real browser.
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { throughProxy } from "./network.mjs";
import { mkdtempSync, mkdirSync, readFileSync, writeFileSync, existsSync, rmSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const hospes = process.env.TEST_HOSPES ?? join(root, "target/debug/hospes");
export const agent = process.env.TEST_HOSPES_AGENT ?? join(root, "target/debug/hospes-agent");
export const mailCatcher = process.env.TEST_MAIL_CATCHER ?? join(root, "target/debug/mail-catcher");
export const technicianPassword = "correct horse battery staple";

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Tries until `probe` answers something true; the error says what was waited for. */
export async function until(what, probe, patience = 20_000) {
  const deadline = Date.now() + patience;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${patience} ms: ${what} (last: ${last})`);
    await sleep(50);
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** A child with everything that it writes kept as text. */
export class Child {
  constructor(name, command, args, options = {}) {
    this.name = name;
    this.text = "";
    this.exit = null;
    this.process = spawn(command, args, { stdio: "pipe", ...options });
    this.process.stdout.on("data", (data) => (this.text += data));
    this.process.stderr.on("data", (data) => (this.text += data));
    this.process.on("error", (error) => (this.text += `\n${error}`));
    this.ended = new Promise((done) => this.process.on("exit", (code, signal) => done((this.exit = code ?? signal))));
  }

  say(line) {
    this.process.stdin.write(`${line}\n`);
  }

  /** Waits until it has written `pattern` after `from`; answers where the match ends. */
  async wrote(pattern, from = 0, patience = 20_000) {
    return await until(
      `${this.name} writes ${pattern}`,
      () => {
        const found = this.text.slice(from).match(pattern);
        if (!found && this.exit !== null) throw new Error(`${this.name} ended with ${this.exit}:\n${this.text}`);
        return found && from + found.index + found[0].length;
      },
      patience,
    );
  }

  kill(signal = "SIGKILL") {
    if (this.exit === null) this.process.kill(signal);
    return this.ended;
  }
}

export class Stage {
  static async set({ plan = ["base", "insight"], screen = "1024x768x24" } = {}) {
    const stage = new Stage();
    stage.folder = mkdtempSync(join(tmpdir(), "hospes-walk-"));
    stage.children = [];
    stage.port = await freePort();
    stage.url = `http://127.0.0.1:${stage.port}`;
    stage.data = join(stage.folder, "server");
    const [name, ...modules] = plan;
    stage.admin(["company", "add", "--name", "Acme Support", "--plan", name, ...modules.flatMap((m) => ["--module", m]), "--seats", "5"]);
    stage.admin(
      ["technician", "add", "--company", "Acme Support", "--email", "tara@acme.test", "--name", "Tara Technician"],
      technicianPassword,
    );
    await stage.catchMail();
    stage.network = await throughProxy(stage.port);
    await stage.serve();
    await stage.display(screen);
    stage.browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      ...stage.network.browser,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    return stage;
  }

  admin(args, input = "") {
    const done = spawnSync(hospes, ["--data", this.data, "admin", ...args], { input: `${input}\n`, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`hospes admin ${args.join(" ")}: ${done.stderr}${done.error ?? ""}`);
  }

  start(name, command, args, options) {
    const child = new Child(name, command, args, options);
    this.children.push(child);
    return child;
  }

  /** A real mail server that keeps what it gets. */
  async catchMail() {
    const catcher = this.start("mail catcher", mailCatcher, []);
    await catcher.wrote(/page http:.*\n/);
    this.mailPort = catcher.text.match(/smtp .*:(\d+)/)[1];
    this.mailPage = catcher.text.match(/page (http:\S+)/)[1];
  }

  /** Waits for a caught mail that looks as wanted: `{to, subject, text, html, message_id}`. */
  async mail(what, wanted, patience) {
    const look = async () => (await (await fetch(`${this.mailPage}/messages.json`)).json()).messages.find(wanted);
    return await until(`mail: ${what}`, look, patience);
  }

  async serve() {
    const mail = { HOSPES_MAIL__HOST: "127.0.0.1", HOSPES_MAIL__PORT: this.mailPort, HOSPES_MAIL__TLS: "none", HOSPES_MAIL__FROM: "Acme Support <support@acme.test>" };
    this.server = this.start("server", hospes, ["--data", this.data, "serve", "--listen", `127.0.0.1:${this.port}`], { env: { ...process.env, ...mail, ...this.network.server } });
    await until("the server answers", async () => (await fetch(`${this.url}/api/v1/healthz`).catch(() => fetch(`${this.url}/healthz`))).status < 500);
  }

  async display(screen) {
    let number = 60;
    while (existsSync(`/tmp/.X11-unix/X${number}`) || existsSync(`/tmp/.X${number}-lock`)) number += 1;
    this.screen = `:${number}`;
    this.start("Xvfb", "Xvfb", [this.screen, "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]);
    await until("Xvfb listens", () => existsSync(`/tmp/.X11-unix/X${number}`));
    this.onScreen("openbox", []);
    await sleep(300);
  }

  onScreen(program, args, options = {}) {
    return this.start(program, program, args, { env: { ...process.env, DISPLAY: this.screen }, ...options });
  }

  /** A terminal that writes every line typed into it to a file; its own cursor does not blink. */
  async terminal(name, geometry) {
    const file = join(this.folder, `${name}.txt`);
    writeFileSync(file, "");
    this.onScreen("xterm", ["-geometry", geometry, "-title", name, "-bc", "-bcn", "0", "+bc", "-e", "sh", "-c", `exec cat > '${file}'`]);
    await until(`${name} is shown`, () => spawnSync("xdotool", ["search", "--name", `^${name}$`], { env: { ...process.env, DISPLAY: this.screen }, encoding: "utf8" }).stdout.trim());
    await sleep(200);
    return { file, lines: () => readFileSync(file, "utf8") };
  }

  /** A customer's computer: a home, a folder to share. */
  computer(name) {
    const folder = join(this.folder, name);
    const computer = { folder, home: join(folder, "home"), docs: join(folder, "home/Documents"), state: join(folder, "state") };
    mkdirSync(computer.docs, { recursive: true });
    return computer;
  }

  /** Runs the host on a pty, as a customer would in a terminal. */
  host(computer, executable, args) {
    const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
    const command = [executable, ...args].map(quote).join(" ");
    return this.start("host", "script", ["-qfec", `stty -echo; exec ${command}`, "/dev/null"], {
      env: { HOME: computer.home, PATH: "/usr/bin:/bin", DISPLAY: this.screen, TERM: "xterm", LANG: "C.UTF-8", ...this.network.host },
      cwd: computer.folder,
    });
  }

  async close() {
    await this.browser?.close();
    for (const child of this.children.reverse()) await child.kill();
    rmSync(this.folder, { recursive: true, force: true });
    this.network?.close();
  }
}

/** Every file and folder below `folders`, for comparing before and after. */
export function snapshot(...folders) {
  const found = [];
  const walk = (folder) => {
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      found.push(path);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) walk(path);
    }
  };
  folders.forEach(walk);
  return found;
}

/** What the X server itself says is on the screen: width, height and packed red, green, blue. */
export function screenOf(display) {
  const shot = spawnSync("xwd", ["-root", "-silent", "-display", display], { maxBuffer: 1 << 28 });
  if (shot.status !== 0) throw new Error(`xwd: ${shot.stderr}`);
  const dump = shot.stdout;
  const field = (index) => dump.readUInt32BE(index * 4);
  const [headerSize, width, height, byteOrder, bitsPerPixel, stride, colours] = [0, 4, 5, 7, 11, 12, 19].map(field);
  if (bitsPerPixel !== 32) throw new Error(`xwd: ${bitsPerPixel} bits per pixel`);
  const start = headerSize + colours * 12;
  const rgb = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = start + y * stride + x * 4;
      const to = (y * width + x) * 3;
      const [b, g, r] = byteOrder === 0 ? [0, 1, 2] : [3, 2, 1];
      rgb[to] = dump[from + r];
      rgb[to + 1] = dump[from + g];
      rgb[to + 2] = dump[from + b];
    }
  }
  return { width, height, rgb };
}
