/** Questions to the technician, one at a time, each a promise. */
import type { Key } from "./i18n";

export type Question =
  | { kind: "text"; title: Key; label: Key; value: string; values: Record<string, string>; select: number }
  | { kind: "confirm"; title: Key; text: Key; yes: Key; no: Key; values: Record<string, string | number>; all: boolean; danger: boolean };

export interface Answer {
  yes: boolean;
  text: string;
  all: boolean;
}

class Dialogs {
  current = $state.raw<Question | undefined>();
  #waiting: { question: Question; answer: (answer: Answer) => void }[] = [];
  #answer: ((answer: Answer) => void) | undefined;

  ask(question: Question): Promise<Answer> {
    return new Promise((answer) => {
      this.#waiting.push({ question, answer });
      if (this.current === undefined) this.#next();
    });
  }

  answer(answer: Answer): void {
    const give = this.#answer;
    this.current = undefined;
    this.#answer = undefined;
    give?.(answer);
    this.#next();
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.current = next.question;
    this.#answer = next.answer;
  }
}
export const dialogs = new Dialogs();
