import { createStore } from "zustand/vanilla";
import { type ApiError, asApiError } from "../api/errors";
import type { VerdictOut } from "../api/types";

export type ItemState = "waiting" | "sending" | "answered" | "failed" | "stopped";

export interface UploadItem {
  readonly key: number;
  readonly file: File;
  /** The path inside the dropped folder, so that two files of the same name stay apart. */
  readonly path: string;
  /** Where the person sent it when they dropped it; whatever the page shows later, it goes there. */
  readonly project: string;
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
  stopped: number;
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
  /** Why a batch could not be begun or ended; single files carry their own errors. */
  batchError: ApiError | null;
}

const emptyTally: UploadTally = {
  files: 0,
  waiting: 0,
  sending: 0,
  answered: 0,
  failed: 0,
  stopped: 0,
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

/**
 * Sends files a few at a time, each to its own project, one upload batch a project and run. What failed or was stopped
 * can be sent again, and goes where it was meant to go.
 */
export class UploadQueue {
  readonly view = createStore<UploadView>(() => ({
    items: [],
    tally: emptyTally,
    running: false,
    batchError: null,
  }));
  private items: UploadItem[] = [];
  private nextKey = 1;
  private abort = new AbortController();
  private refresh: ReturnType<typeof setTimeout> | null = null;
  private loop: Promise<void> | null = null;
  private person: string | null = null;

  constructor(
    private readonly door: UploadDoor,
    private readonly parallel = 3,
  ) {}

  /** Add files for a project and begin (or go on) sending. */
  add(project: string, files: { file: File; path: string }[]): Promise<void> {
    for (const { file, path } of files) {
      this.items.push({
        key: this.nextKey++,
        file,
        path,
        project,
        state: "waiting",
        sentBytes: 0,
        verdicts: [],
        error: null,
      });
    }
    return this.run();
  }

  /** Send again what failed on the way or was stopped (not what the server refused: that would be refused again). */
  sendAgain(): Promise<void> {
    for (const item of this.items) {
      if (item.state === "failed" || item.state === "stopped") {
        Object.assign(item, { state: "waiting", sentBytes: 0, error: null });
      }
    }
    return this.run();
  }

  /** Send nothing more of what is here now. */
  stop(): void {
    for (const item of this.items) {
      if (item.state === "waiting") {
        item.state = "stopped";
      }
    }
    this.abort.abort();
    this.show();
  }

  /** Forget what is done; what waits, is being sent or could be sent again stays. */
  clearDone(): void {
    this.items = this.items.filter((item) => item.state === "waiting" || item.state === "sending");
    this.view.setState({ batchError: null });
    this.show();
  }

  /** Files are sent under the name of who chose them: for anybody else the queue is empty. */
  belongTo(person: string): void {
    if (this.person !== null && this.person !== person) {
      this.forget();
    }
    this.person = person;
  }

  /** Whether a file waits or is under way; all may be stored while the batch is still being ended. */
  get isSending(): boolean {
    return this.items.some((item) => item.state === "waiting" || item.state === "sending");
  }

  /** Resolves once the batch that is under way has ended; at once where there is none. */
  ended(): Promise<void> {
    return this.loop ?? Promise.resolve();
  }

  /** Stop, and forget everything: the person leaves. */
  forget(): void {
    this.stop();
    this.items = [];
    this.person = null;
    this.view.setState({ batchError: null });
    this.show();
  }

  private run(): Promise<void> {
    this.show();
    this.loop ??= this.batches().finally(() => {
      this.loop = null;
      this.view.setState({ running: false });
      this.show();
    });
    return this.loop;
  }

  private nextWaiting(project?: string): UploadItem | undefined {
    return this.items.find(
      (item) => item.state === "waiting" && (project === undefined || item.project === project),
    );
  }

  /** One batch after the other until nothing waits: files may be added at any moment, for any project. */
  private async batches(): Promise<void> {
    this.view.setState({ running: true, batchError: null });
    for (let next = this.nextWaiting(); next; next = this.nextWaiting()) {
      await this.batch(next.project);
    }
  }

  private async batch(project: string): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    let uploadId: string;
    try {
      uploadId = (await this.door.start(project)).id;
    } catch (thrown) {
      const error = asApiError(thrown);
      this.view.setState({ batchError: error });
      for (const item of this.items) {
        if (item.state === "waiting" && item.project === project) {
          Object.assign(item, { state: "failed", error });
        }
      }
      return;
    }
    await Promise.all(
      Array.from({ length: this.parallel }, () => this.lane(uploadId, project, abort.signal)),
    );
    try {
      await this.door.finish(uploadId);
    } catch (thrown) {
      this.view.setState({ batchError: asApiError(thrown) });
    }
  }

  private async lane(uploadId: string, project: string, signal: AbortSignal): Promise<void> {
    for (let item = this.nextWaiting(project); item && !signal.aborted; item = this.nextWaiting(project)) {
      await this.sendOne(uploadId, item, signal);
      this.showSoon();
    }
  }

  private async sendOne(uploadId: string, item: UploadItem, signal: AbortSignal): Promise<void> {
    item.state = "sending";
    this.showSoon();
    const onProgress = (sent: number) => {
      item.sentBytes = sent;
      this.showSoon();
    };
    try {
      item.verdicts = await this.door.send(uploadId, item.file, item.path, onProgress, signal);
      item.state = "answered";
    } catch (thrown) {
      Object.assign(
        item,
        signal.aborted ? { state: "stopped" } : { state: "failed", error: asApiError(thrown) },
      );
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
