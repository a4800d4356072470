/** Keys that the browser or this computer would keep for itself, as sequences of plain keys. */
export interface Chord {
  id: string;
  name: string;
  codes: string[];
}

export const CHORDS: Chord[] = [
  { id: "ctrl-alt-del", name: "Ctrl + Alt + Del", codes: ["ControlLeft", "AltLeft", "Delete"] },
  { id: "ctrl-shift-esc", name: "Ctrl + Shift + Esc", codes: ["ControlLeft", "ShiftLeft", "Escape"] },
  { id: "alt-tab", name: "Alt + Tab", codes: ["AltLeft", "Tab"] },
  { id: "alt-f4", name: "Alt + F4", codes: ["AltLeft", "F4"] },
  { id: "meta", name: "⊞", codes: ["MetaLeft"] },
  { id: "meta-r", name: "⊞ + R", codes: ["MetaLeft", "KeyR"] },
  { id: "ctrl-esc", name: "Ctrl + Esc", codes: ["ControlLeft", "Escape"] },
  { id: "f11", name: "F11", codes: ["F11"] },
  { id: "print-screen", name: "Print screen", codes: ["PrintScreen"] },
];

/** All down in order, all up in reverse. */
export function sequence(codes: string[]): { code: string; down: boolean }[] {
  return [...codes.map((code) => ({ code, down: true })), ...codes.toReversed().map((code) => ({ code, down: false }))];
}

/** Which keys this page holds down on the customer's computer. */
export class HeldKeys {
  readonly #held = new Set<string>();

  /** What to send for a key event; nothing for repeats and for keys that went down elsewhere. */
  down(code: string): { code: string; down: boolean }[] {
    if (this.#held.has(code)) return [];
    this.#held.add(code);
    return [{ code, down: true }];
  }
  up(code: string): { code: string; down: boolean }[] {
    if (!this.#held.delete(code)) return [];
    const up = [{ code, down: false }];
    // While Command is held, macOS tells no key-up of the other keys.
    if (code.startsWith("Meta")) for (const other of this.clear()) up.push({ code: other, down: false });
    return up;
  }
  clear(): string[] {
    const held = [...this.#held];
    this.#held.clear();
    return held;
  }
}
