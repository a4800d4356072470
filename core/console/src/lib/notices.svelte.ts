/** Short messages for eyes and screen readers. */
import type { NoticeLevel } from "@hospes/bridge";

export interface Notice {
  id: number;
  level: NoticeLevel;
  text: string;
}

class Notices {
  list = $state<Notice[]>([]);
  #next = 1;
  show(level: NoticeLevel, text: string): void {
    const id = this.#next++;
    this.list.push({ id, level, text });
    if (this.list.length > 5) this.list.shift();
    setTimeout(() => this.close(id), level === "error" ? 15_000 : 6_000);
  }
  close(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}
export const notices = new Notices();
