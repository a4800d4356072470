/** Who is logged in. */
import { api, ProblemError, problemOf, whenLoggedOut } from "./api";
import type { Me, Problem } from "./types";

class Account {
  state = $state<"unknown" | "out" | "in" | "failed">("unknown");
  me = $state<Me | undefined>();
  problem = $state<Problem | undefined>();
  /** True when the log-in ended by itself. */
  expired = $state(false);

  constructor() {
    whenLoggedOut(() => {
      this.expired = this.state === "in";
      this.state = "out";
    });
  }

  async load(): Promise<void> {
    try {
      this.me = await api.me();
      this.state = "in";
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 401) {
        this.state = "out";
        return;
      }
      this.problem = problemOf(error);
      if (this.state !== "in") this.state = "failed";
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
}
export const account = new Account();
