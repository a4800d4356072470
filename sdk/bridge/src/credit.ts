/** Bytes that may still be sent, and those who wait for more, in the order they came. */
export class Credit {
  #bytes: number;
  #waiting: { resolve: () => void; reject: (reason: unknown) => void; cost: number }[] = [];
  #closed: unknown;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** What is left; negative after a message that overdrew. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes `cost` when the credit is above zero, else waits for [`give`]; rejects after [`close`]. */
  take(cost: number): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.#bytes > 0 && this.#waiting.length === 0) {
      this.#bytes -= cost;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject, cost }));
  }

  /** Takes without waiting; false when there was no credit. */
  tryTake(cost: number): boolean {
    if (this.#bytes <= 0 || this.#waiting.length > 0) return false;
    this.#bytes -= cost;
    return true;
  }

  give(bytes: number): void {
    this.#bytes += bytes;
    while (this.#bytes > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#bytes -= next.cost;
      next.resolve();
    }
  }

  /** Whoever waits, and whoever comes later, is told `reason`. */
  close(reason: unknown): void {
    this.#closed = reason;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(reason);
  }
}
