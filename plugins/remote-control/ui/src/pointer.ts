/** The customer's pointer as a cursor of this page: drawn by the browser itself, at the mouse's place, without delay. */
import type { PointerPicture } from "./messages";

/** Browsers refuse larger cursors. */
const MAX_CURSOR = 128;

function canvasOf(picture: PointerPicture): HTMLCanvasElement | undefined {
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext("2d");
  if (context === null) return undefined;
  context.putImageData(new ImageData(picture.rgba, picture.width, picture.height), 0, 0);
  return canvas;
}

/** Value of the CSS property `cursor`. */
export function cursorOf(picture: PointerPicture | undefined): string {
  if (picture === undefined) return "default";
  if (picture.width === 0 || picture.height === 0) return "none";
  if (picture.width > MAX_CURSOR || picture.height > MAX_CURSOR) return "default";
  const url = canvasOf(picture)?.toDataURL();
  if (url === undefined) return "default";
  const hot = (value: number, size: number): number => Math.min(size - 1, Math.max(0, value));
  return `url(${url}) ${hot(picture.hotspotX, picture.width)} ${hot(picture.hotspotY, picture.height)}, default`;
}

/** Draws the pointer's picture on `target`, for when the customer moves it. */
export function drawPointer(target: HTMLCanvasElement, picture: PointerPicture | undefined): void {
  const context = target.getContext("2d");
  if (context === null) return;
  target.width = picture?.width ?? 0;
  target.height = picture?.height ?? 0;
  if (picture !== undefined && picture.width > 0 && picture.height > 0)
    context.putImageData(new ImageData(picture.rgba, picture.width, picture.height), 0, 0);
}
