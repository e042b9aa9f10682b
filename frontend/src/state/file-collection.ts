export interface CollectedFile {
  file: File;
  path: string;
}

/** Names that operating systems leave in folders and that are never images. */
const clutter = new Set([".ds_store", "thumbs.db", "desktop.ini"]);

export function isClutter(path: string): boolean {
  const name = path.split("/").at(-1)?.toLowerCase() ?? "";
  return clutter.has(name) || path.includes("__MACOSX/");
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A reader hands out a folder in portions (100 at a time in Chromium) until a portion is empty. */
async function entriesOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (portion.length === 0) {
      return all;
    }
    all.push(...portion);
  }
}

async function walk(entry: FileSystemEntry, found: CollectedFile[]): Promise<void> {
  const path = entry.fullPath.replace(/^\//, "");
  if (isClutter(path)) {
    return;
  }
  if (entry.isFile) {
    found.push({ file: await fileOf(entry as FileSystemFileEntry), path });
  } else if (entry.isDirectory) {
    for (const child of await entriesOf(entry as FileSystemDirectoryEntry)) {
      await walk(child, found);
    }
  }
}

/** Every file of what was dropped, folders walked through; must be called while the drop event is alive. */
export async function filesOfDrop(transfer: DataTransfer): Promise<CollectedFile[]> {
  const entries = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.length === 0 || entries.some((entry) => entry === null)) {
    return filesOfInput(transfer.files);
  }
  const found: CollectedFile[] = [];
  for (const entry of entries) {
    if (entry) {
      await walk(entry, found);
    }
  }
  return found;
}

/** The files of a file or folder input, with their paths inside the folder. */
export function filesOfInput(files: FileList | null): CollectedFile[] {
  return [...(files ?? [])]
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ path }) => !isClutter(path));
}
