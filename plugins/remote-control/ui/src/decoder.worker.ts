/**
 * Decodes tiles with the codec's WebAssembly (codec/web/README.md) and draws them on the canvas, away from the page's
 * thread. Made into a classic worker from a data: URL.
 */
interface Tiles {
  memory: WebAssembly.Memory;
  tiles_abi(): number;
  tiles_input(length: number): number;
  tiles_decode(): number;
  tiles_framebuffer(): number;
  tiles_width(): number;
  tiles_height(): number;
  tiles_rects(): number;
  tiles_rect_count(): number;
  tiles_sequence(): number;
  tiles_taken_at(): number;
}

export type ToWorker =
  | { type: "start"; wasm: ArrayBuffer; canvas: OffscreenCanvas }
  | { type: "tiles"; data: ArrayBuffer }
  | { type: "pixels"; id: number };

export type FromWorker =
  | { type: "ready" }
  | { type: "failed"; message: string }
  | { type: "decoded" }
  | { type: "refresh"; code: number }
  | { type: "frame"; sequence: number; takenAt: number; width: number; height: number }
  | { type: "pixels"; id: number; width: number; height: number; sequence: number; rgba: ArrayBuffer };

const ABI = 1;
const LAST = 2;
const RESIZED = 256;

let tiles: Tiles | undefined;
let canvas: OffscreenCanvas | undefined;
let context: OffscreenCanvasRenderingContext2D | null = null;

function tell(message: FromWorker, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

function draw(module: Tiles, data: ArrayBuffer): void {
  const at = module.tiles_input(data.byteLength);
  if (at === 0) return tell({ type: "refresh", code: -1 });
  new Uint8Array(module.memory.buffer, at, data.byteLength).set(new Uint8Array(data));
  const flags = module.tiles_decode();
  if (flags < 0) return tell({ type: "refresh", code: flags });
  const width = module.tiles_width();
  const height = module.tiles_height();
  if (canvas !== undefined && (flags & RESIZED) !== 0) {
    canvas.width = width;
    canvas.height = height;
  }
  if (context !== null && width > 0 && height > 0) {
    // The module's memory is never shared, so that its buffer is an ArrayBuffer.
    const memory = module.memory.buffer as ArrayBuffer;
    const pixels = new Uint8ClampedArray(memory, module.tiles_framebuffer(), width * height * 4);
    const image = new ImageData(pixels, width, height);
    const rects = new Uint32Array(memory, module.tiles_rects(), module.tiles_rect_count() * 4);
    for (let i = 0; i + 3 < rects.length; i += 4)
      context.putImageData(image, 0, 0, rects[i] ?? 0, rects[i + 1] ?? 0, rects[i + 2] ?? 0, rects[i + 3] ?? 0);
  }
  if ((flags & LAST) !== 0)
    tell({ type: "frame", sequence: module.tiles_sequence(), takenAt: module.tiles_taken_at(), width, height });
}

async function start(wasm: ArrayBuffer, target: OffscreenCanvas): Promise<void> {
  const { instance } = await WebAssembly.instantiate(wasm, {});
  const module = instance.exports as unknown as Tiles;
  if (module.tiles_abi() !== ABI) throw new Error(`the tile decoder has ABI ${module.tiles_abi()}, not ${ABI}`);
  canvas = target;
  context = target.getContext("2d", { alpha: false });
  tiles = module;
}

onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  switch (message.type) {
    case "start":
      start(message.wasm, message.canvas).then(
        () => tell({ type: "ready" }),
        (error: unknown) => tell({ type: "failed", message: String(error) }),
      );
      return;
    case "tiles":
      if (tiles !== undefined) draw(tiles, message.data);
      return tell({ type: "decoded" });
    case "pixels": {
      const width = tiles?.tiles_width() ?? 0;
      const height = tiles?.tiles_height() ?? 0;
      const rgba =
        tiles === undefined || width === 0
          ? new ArrayBuffer(0)
          : (context?.getImageData(0, 0, width, height).data.buffer ?? new ArrayBuffer(0));
      const sequence = tiles?.tiles_sequence() ?? 0;
      tell({ type: "pixels", id: message.id, width, height, sequence, rgba }, [rgba]);
    }
  }
};
