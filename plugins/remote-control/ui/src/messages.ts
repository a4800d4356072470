/** Words of plugins/remote-control/PROTOCOL.md. What comes from the component is read here, and only here. */
export interface Display {
  id: number;
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
  primary: boolean;
}

export interface Refusal {
  code: string;
  reason?: string;
  message?: string;
}

export type InputState = { allowed: true } | ({ allowed: false } & Refusal);

export type FromComponent =
  | { type: "hello"; v: number; displays: Display[]; display: number; input: InputState }
  | { type: "displays"; displays: Display[] }
  | ({ type: "picture"; available: false } & Refusal)
  | { type: "picture"; available: true; display: number; width: number; height: number }
  | ({ type: "input" } & InputState)
  | ({ type: "error" } & Refusal);

export type Button = "left" | "middle" | "right" | "back" | "forward";

export type FromViewer =
  | { type: "start"; display?: number }
  | { type: "ack"; sequence: number }
  | { type: "refresh" }
  | { type: "stop" }
  | { type: "move"; x: number; y: number }
  | { type: "button"; button: Button; down: boolean; x?: number; y?: number }
  | { type: "wheel"; dx: number; dy: number }
  | { type: "key"; code: string; down: boolean }
  | { type: "text"; text: string }
  | { type: "release" };

/** First byte of a binary message. */
export const KIND = { tiles: 1, pointerPicture: 2, pointerPlace: 3 } as const;

export interface PointerPicture {
  width: number;
  height: number;
  hotspotX: number;
  hotspotY: number;
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** `undefined` when the message is cut short. */
export function readPointerPicture(data: ArrayBuffer): PointerPicture | undefined {
  if (data.byteLength < 12) return undefined;
  const view = new DataView(data);
  const width = view.getUint16(2, true);
  const height = view.getUint16(4, true);
  if (data.byteLength < 12 + width * height * 4) return undefined;
  return {
    width,
    height,
    hotspotX: view.getInt16(6, true),
    hotspotY: view.getInt16(8, true),
    rgba: new Uint8ClampedArray(data.slice(12, 12 + width * height * 4)),
  };
}

export interface PointerPlace {
  here: boolean;
  x: number;
  y: number;
}

export function readPointerPlace(data: ArrayBuffer): PointerPlace | undefined {
  if (data.byteLength < 12) return undefined;
  const view = new DataView(data);
  return { here: view.getUint8(1) === 1, x: view.getInt32(4, true), y: view.getInt32(8, true) };
}

/** `undefined` when it is not JSON of a known type. */
export function readJson(data: ArrayBuffer): FromComponent | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(data));
    if (typeof value !== "object" || value === null) return undefined;
    const type: unknown = (value as { type?: unknown }).type;
    const known = ["hello", "displays", "picture", "input", "error"];
    return typeof type === "string" && known.includes(type) ? (value as FromComponent) : undefined;
  } catch {
    return undefined;
  }
}
