/** The company's technicians: for their own page, and as names in filters and the audit log. */
import { api, problemOf } from "./api";
import type { Colleague, Problem } from "./types";

class Team {
  list = $state<Colleague[]>([]);
  editable = $state(false);
  loaded = $state(false);
  problem = $state<Problem | undefined>();

  get(id: string): Colleague | undefined {
    return this.list.find((colleague) => colleague.id === id);
  }

  async load(): Promise<void> {
    try {
      const { technicians, editable } = await api.technicians();
      this.list = technicians;
      this.editable = editable;
      this.problem = undefined;
      this.loaded = true;
    } catch (error) {
      this.problem = problemOf(error);
    }
  }
}
export const team = new Team();
