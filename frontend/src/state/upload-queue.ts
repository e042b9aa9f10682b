import { createStore } from "zustand/vanilla";
import { type ApiError, asApiError } from "../api/errors";
import type { VerdictOut } from "../api/types";

export type ItemState = "waiting" | "sending" | "answered" | "failed";

export interface UploadItem {
  readonly key: number;
  readonly file: File;
  /** The path inside the dropped folder, so that two files of the same name stay apart. */
  readonly path: string;
  state: ItemState;
  sentBytes: number;
  verdicts: VerdictOut[];
  error: ApiError | null;
}

export interface UploadTally {
  files: number;
  waiting: number;
  sending: number;
  answered: number;
  failed: number;
  bytes: number;
  sentBytes: number;
  stored: number;
  already_stored: number;
  conflict: number;
  refused: number;
}

export interface UploadDoor {
  start: (project: string) => Promise<{ id: string }>;
  send: (
    uploadId: string,
    file: File,
    path: string,
    onProgress: (sent: number) => void,
    signal: AbortSignal,
  ) => Promise<VerdictOut[]>;
  finish: (uploadId: string) => Promise<unknown>;
}

export interface UploadView {
  items: readonly UploadItem[];
  tally: UploadTally;
  running: boolean;
  project: string | null;
  /** Why a batch could not be begun or ended; single files carry their own errors. */
  batchError: ApiError | null;
}

const emptyTally: UploadTally = {
  files: 0,
  waiting: 0,
  sending: 0,
  answered: 0,
  failed: 0,
  bytes: 0,
  sentBytes: 0,
  stored: 0,
  already_stored: 0,
  conflict: 0,
  refused: 0,
};

/** Count a list of items by state and by what became of their files. */
export function tallyOf(items: readonly UploadItem[]): UploadTally {
  const tally = { ...emptyTally, files: items.length };
  for (const item of items) {
    tally[item.state] += 1;
    tally.bytes += item.file.size;
    tally.sentBytes += item.state === "answered" ? item.file.size : Math.min(item.sentBytes, item.file.size);
    for (const verdict of item.verdicts) {
      tally[verdict.outcome] += 1;
    }
  }
  return tally;
}

/** Sends files a few at a time, one upload batch a run; failed ones can be sent again. */
export class UploadQueue {
  readonly view = createStore<UploadView>(() => ({
    items: [],
    tally: emptyTally,
    running: false,
    project: null,
    batchError: null,
  }));
  private items: UploadItem[] = [];
  private nextKey = 1;
  private abort = new AbortController();
  private refresh: ReturnType<typeof setTimeout> | null = null;
  private loop: Promise<void> | null = null;

  constructor(
    private readonly door: UploadDoor,
    private readonly parallel = 3,
  ) {}

  /** Add files and begin (or go on) sending them to a project. */
  add(project: string, files: { file: File; path: string }[]): Promise<void> {
    for (const { file, path } of files) {
      this.items.push({
        key: this.nextKey++,
        file,
        path,
        state: "waiting",
        sentBytes: 0,
        verdicts: [],
        error: null,
      });
    }
    return this.run(project);
  }

  /** Send again what failed on the way (not what the server refused: that would be refused again). */
  retryFailed(project: string): Promise<void> {
    for (const item of this.items) {
      if (item.state === "failed") {
        Object.assign(item, { state: "waiting", sentBytes: 0, error: null });
      }
    }
    return this.run(project);
  }

  cancel(): void {
    this.abort.abort();
  }

  /** Forget what is done; what waits or is being sent stays. */
  clearDone(): void {
    this.items = this.items.filter((item) => item.state === "waiting" || item.state === "sending");
    this.show();
  }

  private run(project: string): Promise<void> {
    this.show();
    this.loop ??= this.batch(project).finally(() => {
      this.loop = null;
      this.view.setState({ running: false });
      this.show();
    });
    return this.loop;
  }

  private async batch(project: string): Promise<void> {
    this.abort = new AbortController();
    this.view.setState({ running: true, project, batchError: null });
    let uploadId: string;
    try {
      uploadId = (await this.door.start(project)).id;
    } catch (thrown) {
      const error = asApiError(thrown);
      this.view.setState({ batchError: error });
      for (const item of this.items) {
        if (item.state === "waiting") {
          Object.assign(item, { state: "failed", error });
        }
      }
      return;
    }
    await Promise.all(Array.from({ length: this.parallel }, () => this.lane(uploadId)));
    try {
      await this.door.finish(uploadId);
    } catch (thrown) {
      this.view.setState({ batchError: asApiError(thrown) });
    }
  }

  private async lane(uploadId: string): Promise<void> {
    for (;;) {
      const item = this.items.find((candidate) => candidate.state === "waiting");
      if (!item || this.abort.signal.aborted) {
        return;
      }
      item.state = "sending";
      this.showSoon();
      try {
        item.verdicts = await this.door.send(
          uploadId,
          item.file,
          item.path,
          (sent) => {
            item.sentBytes = sent;
            this.showSoon();
          },
          this.abort.signal,
        );
        item.state = "answered";
      } catch (thrown) {
        item.error = asApiError(thrown);
        item.state = "failed";
      }
      this.showSoon();
    }
  }

  private showSoon(): void {
    this.refresh ??= setTimeout(() => this.show(), 120);
  }

  private show(): void {
    if (this.refresh !== null) {
      clearTimeout(this.refresh);
      this.refresh = null;
    }
    this.view.setState({ items: this.items.map((item) => ({ ...item })), tally: tallyOf(this.items) });
  }
}
