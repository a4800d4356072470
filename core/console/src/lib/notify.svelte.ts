/** What the company notifies, for all pages: does the invitation go out by itself? */
import { api, problemOf } from "./api";
import { invitesCustomers, type Notifications } from "./notifications";
import type { Problem } from "./types";

class Notify {
  known = $state<Notifications | undefined>();
  problem = $state<Problem | undefined>();
  #run = 0;

  /** The invitation reaches the customer without the technician passing it on. */
  get invites(): boolean {
    return invitesCustomers(this.known);
  }

  async load(): Promise<void> {
    const run = ++this.#run;
    try {
      const known = await api.notifications();
      if (run !== this.#run) return;
      this.known = known;
      this.problem = undefined;
    } catch (error) {
      if (run === this.#run) this.problem = problemOf(error);
    }
  }
}
export const notify = new Notify();

/**
 * Deployment links of the sessions that were prepared in this tab: the server forgets them with the invitation, so "copy the
 * link" works here as long as the tab lives, and nowhere else.
 */
export const links = new Map<string, string>();
