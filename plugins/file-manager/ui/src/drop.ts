/** What was dropped on the page: files, and folders with all that is in them. */
import type { PickedFile } from "@hospes/bridge";

export async function dropped(transfer: DataTransfer): Promise<PickedFile[]> {
  // The items are gone after the first `await`.
  const roots = [...transfer.items].map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files: PickedFile[] = [];
  for (const { entry, file } of roots) {
    if (entry !== null) await walk(entry, "", files);
    else if (file !== null) files.push({ path: file.name, file });
  }
  return files;
}

async function walk(entry: FileSystemEntry, under: string, files: PickedFile[]): Promise<void> {
  const path = under + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    files.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const child of some) await walk(child, `${path}/`, files);
  }
}
