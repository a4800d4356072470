/**
 * Saving files that a plugin's page hands over. Small ones are gathered and go to the browser's downloads, as people
 * are used to; large ones are streamed to a place that the technician picks, where the browser can do that.
 */
import { MAX_SAVE_PIECE, safeFileName, ServiceError } from "@hospes/bridge/shell";

/** Up to this size a file is gathered in memory (the browser moves large blobs to its disk). */
export const GATHERED = 64 << 20;
/** Cap where the browser has no file picker. */
export const GATHERED_MAX = 2 ** 31;

export interface Target {
  write(data: ArrayBuffer): Promise<void>;
  end(): Promise<void>;
  abort(): Promise<void>;
}

interface SavePicker {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>;
}

export async function beginSave(name: string, size: number | undefined): Promise<Target> {
  const safe = safeFileName(name);
  const picker = window as SavePicker;
  if (picker.showSaveFilePicker !== undefined && (size === undefined || size > GATHERED)) {
    let handle: FileSystemFileHandle;
    try {
      handle = await picker.showSaveFilePicker({ suggestedName: safe });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw new ServiceError("cancelled", "no place was picked");
      throw new ServiceError("unavailable", `the browser shows no file dialogue: ${String(error)}`);
    }
    return streamTo(handle);
  }
  if (size !== undefined && size > GATHERED_MAX) throw tooLarge(safe);
  return gather(safe);
}

async function streamTo(handle: FileSystemFileHandle): Promise<Target> {
  const file = await handle.createWritable();
  const onDisk = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      throw new ServiceError("disk", `the file could not be written: ${String(error)}`);
    }
  };
  return {
    write: (data) => onDisk(file.write(data)),
    end: () => onDisk(file.close()),
    abort: () => onDisk(file.abort()),
  };
}

function gather(name: string): Target {
  let parts: BlobPart[] = [];
  let loose = 0;
  let total = 0;
  return {
    write: (data) => {
      total += data.byteLength;
      if (total > GATHERED_MAX) return Promise.reject(tooLarge(name));
      parts.push(data);
      loose += data.byteLength;
      if (loose >= MAX_SAVE_PIECE) {
        // A blob of its own can leave the page's memory.
        parts = [new Blob(parts)];
        loose = 0;
      }
      return Promise.resolve();
    },
    end: () => {
      const url = URL.createObjectURL(new Blob(parts, { type: "application/octet-stream" }));
      parts = [];
      const link = document.createElement("a");
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      return Promise.resolve();
    },
    abort: () => {
      parts = [];
      return Promise.resolve();
    },
  };
}

function tooLarge(name: string): ServiceError {
  return new ServiceError("too-large", `${name} is too large to save in this browser`);
}
