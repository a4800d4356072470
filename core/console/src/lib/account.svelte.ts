/** Who is logged in. */
import { i18n, isLanguage } from "../i18n/index.svelte";
import { api, ProblemError, problemOf } from "./api";
import { whenLoggedOut, whenPasswordNeeded } from "./http";
import type { Language, Me, Problem } from "./types";

class Account {
  /** `password`: logged in with a temporary password that must be changed first. */
  state = $state<"unknown" | "out" | "password" | "in" | "failed">("unknown");
  me = $state<Me | undefined>();
  problem = $state<Problem | undefined>();
  /** True when the log-in ended by itself. */
  expired = $state(false);

  constructor() {
    whenLoggedOut(() => {
      this.expired = this.state === "in" || this.state === "password";
      this.state = "out";
      this.me = undefined;
    });
    whenPasswordNeeded(() => (this.state = "password"));
  }

  get owner(): boolean {
    return this.me?.technician.role === "owner";
  }

  async load(): Promise<void> {
    try {
      const me = await api.me();
      // The technician's own language, once: what they choose afterwards is not taken back by an answer under way.
      const { language } = me.technician;
      if (this.me === undefined && isLanguage(language)) i18n.follow(language);
      this.me = me;
      this.state = me.password_change_needed === true ? "password" : "in";
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 401) {
        this.state = "out";
        return;
      }
      this.problem = problemOf(error);
      if (this.state !== "in" && this.state !== "password") this.state = "failed";
    }
  }

  async logIn(email: string, password: string): Promise<void> {
    await api.login(email, password);
    this.expired = false;
    await this.load();
  }

  async logOut(): Promise<void> {
    await api.logout();
    location.assign("/");
  }

  /** Chosen here; kept on the server when somebody is logged in. */
  async chooseLanguage(language: Language): Promise<void> {
    i18n.language = language;
    if (this.me !== undefined) await api.changeMe({ language });
  }
}
export const account = new Account();
