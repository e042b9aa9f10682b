import { create } from "zustand";
import { ApiError } from "../api/errors";
import { emptyContent, type RevisionContent } from "../geometry/content";
import { type Draft, type DraftStore, draftId } from "./reading-drafts";
import { type FindingRow, isUnsaved, rowFromServer, savedStateOf } from "./reading-findings";
import type { FindingOut, RevisionOut } from "./reading-types";

export type SaveState = "saved" | "unsaved" | "saving" | "offline" | "conflict" | "failed";

export interface Conflict {
  key: string;
  mine: RevisionContent;
  mineDeleted: boolean;
  head: RevisionOut;
}

interface SaveStatus {
  state: SaveState;
  unsaved: number;
  savedAt: number | null;
  message: string;
  conflict: Conflict | null;
}

export const useSaveStatus = create<SaveStatus>(() => ({
  state: "saved",
  unsaved: 0,
  savedAt: null,
  message: "",
  conflict: null,
}));

/** The server as autosave sees it. */
export interface SavePort {
  create(content: RevisionContent, clientKey: string): Promise<FindingOut>;
  revise(
    id: string,
    content: RevisionContent,
    clientKey: string,
    cause: "edit" | "merge",
    digest: string,
  ): Promise<RevisionOut>;
  remove(id: string, digest: string): Promise<RevisionOut>;
  restore(id: string, revisionId: string, digest: string): Promise<RevisionOut>;
}

/** The findings as autosave sees them. */
export interface RowPort {
  get(key: string): FindingRow | undefined;
  patch(key: string, fields: Partial<FindingRow>): void;
  add(content: RevisionContent): string;
}

export interface AutosaveParts {
  port: SavePort;
  rows: RowPort;
  drafts: DraftStore;
  owner: string;
  workitemId: string;
  settleMs?: number;
  retryMs?: number;
}

interface Pending {
  clientKey: string;
  content: RevisionContent;
  deleted: boolean;
}

function isRevision(value: unknown): value is RevisionOut {
  return typeof value === "object" && value !== null && "digest" in value && "content" in value;
}

/** Sends unsaved findings as revisions, one request at a time, each first written to the draft store. */
export class Autosave {
  private readonly pending = new Map<string, Pending>();
  private readonly merging = new Set<string>();
  private readonly refused = new Map<string, string>();
  private conflicts = new Map<string, Conflict>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private running: Promise<void> | null = null;
  private failures = 0;
  private offline = false;
  private stopped = false;

  constructor(private readonly parts: AutosaveParts) {
    this.report();
  }

  /** A finding changed: keep a draft now, send it soon. */
  touch(key: string): void {
    const row = this.parts.rows.get(key);
    if (!row || row.correctionOf) {
      return;
    }
    this.refused.delete(key);
    if (isUnsaved(row)) {
      this.pending.set(key, { clientKey: crypto.randomUUID(), content: row.content, deleted: row.deleted });
      void this.keepDraft(key);
    } else if (this.pending.delete(key)) {
      void this.parts.drafts.drop(this.idOf(key)).catch(() => undefined);
    }
    this.report();
    this.schedule(this.parts.settleMs ?? 900);
  }

  /** Take up a draft again with the key it was first sent with, so that the server sees a repetition as one. */
  resume(key: string, clientKey: string): void {
    const row = this.parts.rows.get(key);
    if (row && isUnsaved(row)) {
      this.pending.set(key, { clientKey, content: row.content, deleted: row.deleted });
      this.report();
      this.schedule(0);
    }
  }

  /** Send everything now; resolves when nothing is left to send or sending failed. */
  async flush(): Promise<void> {
    this.clearTimer();
    this.running ??= this.run().finally(() => {
      this.running = null;
    });
    await this.running;
    if (this.next() && !this.offline && !this.stopped) {
      await this.flush();
    }
  }

  /** The network may be back. */
  retry(): void {
    this.refused.clear();
    this.schedule(0);
  }

  get dirty(): boolean {
    return this.pending.size > 0;
  }

  stop(): void {
    this.stopped = true;
    this.clearTimer();
  }

  async resolve(key: string, choice: "mine" | "theirs" | "both"): Promise<void> {
    const conflict = this.conflicts.get(key);
    const row = this.parts.rows.get(key);
    if (!conflict || !row) {
      return;
    }
    this.conflicts.delete(key);
    const theirs = savedStateOf(conflict.head, conflict.head.cause === "delete", row.saved);
    if (choice === "mine") {
      this.parts.rows.patch(key, { saved: theirs });
      this.merging.add(key);
      this.touch(key);
    } else {
      const mine = row.content;
      this.pending.delete(key);
      await this.parts.drafts.drop(this.idOf(key)).catch(() => undefined);
      this.parts.rows.patch(key, { saved: theirs, content: theirs.content, deleted: theirs.deleted });
      if (choice === "both") {
        this.touch(this.parts.rows.add(mine));
      }
    }
    this.report();
    await this.flush();
  }

  private idOf(key: string): string {
    return draftId(this.parts.owner, this.parts.workitemId, key);
  }

  private async keepDraft(key: string): Promise<void> {
    const row = this.parts.rows.get(key);
    const pending = this.pending.get(key);
    if (!row || !pending) {
      return;
    }
    const draft: Draft = {
      id: this.idOf(key),
      owner: this.parts.owner,
      workitemId: this.parts.workitemId,
      findingKey: key,
      findingId: row.id,
      content: pending.content,
      deleted: pending.deleted,
      base: row.saved?.digest ?? null,
      clientKey: pending.clientKey,
      at: Date.now(),
    };
    // A browser without its database (private window) still saves to the server.
    await this.parts.drafts.put(draft).catch(() => undefined);
  }

  private schedule(ms: number): void {
    this.clearTimer();
    if (!this.stopped) {
      this.timer = setTimeout(() => void this.flush(), ms);
    }
  }

  private clearTimer(): void {
    if (this.timer !== null) {
      clearTimeout(this.timer);
      this.timer = null;
    }
  }

  private next(): string | undefined {
    for (const key of this.pending.keys()) {
      if (!this.conflicts.has(key) && !this.refused.has(key)) {
        return key;
      }
    }
    return undefined;
  }

  private async run(): Promise<void> {
    for (let key = this.next(); key !== undefined; key = this.next()) {
      this.report(true);
      try {
        await this.save(key);
        this.offline = false;
        this.failures = 0;
      } catch (thrown) {
        if (!this.failed(key, thrown)) {
          break;
        }
      }
    }
    this.report();
  }

  /** Whether to go on with the other findings. */
  private failed(key: string, thrown: unknown): boolean {
    if (thrown instanceof ApiError && thrown.status === 412 && isRevision(thrown.detail.head)) {
      const row = this.parts.rows.get(key);
      this.conflicts.set(key, {
        key,
        mine: row?.content ?? emptyContent("point", null),
        mineDeleted: row?.deleted ?? false,
        head: thrown.detail.head,
      });
      return true;
    }
    const silent = thrown instanceof ApiError && (thrown.status === 0 || thrown.status >= 500);
    if (silent) {
      this.offline = true;
      this.failures += 1;
      this.schedule(Math.min(30_000, (this.parts.retryMs ?? 2000) * 2 ** Math.min(4, this.failures - 1)));
      return false;
    }
    this.refused.set(key, thrown instanceof Error ? thrown.message : String(thrown));
    return true;
  }

  private async save(key: string): Promise<void> {
    const { port, rows, drafts } = this.parts;
    const row = rows.get(key);
    const pending = this.pending.get(key);
    if (!row || !pending) {
      this.pending.delete(key);
      return;
    }
    const { saved } = row;
    if (row.id === null || saved === null) {
      if (!pending.deleted) {
        const out = await port.create(pending.content, pending.clientKey);
        const now = rows.get(key) ?? row;
        rows.patch(key, { ...rowFromServer(out, key, now), ...this.kept(key, pending, out.head.content) });
      }
    } else if (pending.deleted) {
      if (!saved.deleted) {
        const head = await port.remove(row.id, saved.digest);
        rows.patch(key, { saved: savedStateOf(head, true, saved) });
      }
    } else if (saved.deleted && saved.contentRevisionId) {
      const head = await port.restore(row.id, saved.contentRevisionId, saved.digest);
      rows.patch(key, { saved: savedStateOf(head, false, saved) });
    } else if (isUnsaved(row)) {
      const cause = this.merging.delete(key) ? "merge" : "edit";
      const head = await port.revise(row.id, pending.content, pending.clientKey, cause, saved.digest);
      rows.patch(key, { saved: savedStateOf(head, false, saved), ...this.kept(key, pending, head.content) });
    }
    // At once: whoever fetches meanwhile must see that their answer may be older than this.
    useSaveStatus.setState({ savedAt: Date.now() });
    const after = rows.get(key);
    if (!after || !isUnsaved(after)) {
      this.pending.delete(key);
      await drafts.drop(this.idOf(key)).catch(() => undefined);
    } else {
      const queued = this.pending.get(key);
      if (queued === undefined || queued === pending) {
        // An undone deletion is restored first and revised next; an edit undone while it was sent goes back.
        this.pending.set(key, {
          clientKey: crypto.randomUUID(),
          content: after.content,
          deleted: after.deleted,
        });
      }
      await this.keepDraft(key);
    }
  }

  /** What the row says after saving: the server's words, unless it was changed while the request was under way. */
  private kept(key: string, sent: Pending, theirs: RevisionContent): Partial<FindingRow> {
    const now = this.parts.rows.get(key);
    const same = now?.content === sent.content && now.deleted === sent.deleted;
    const answer = { ...emptyContent(theirs.kind, theirs.label_key), ...theirs };
    return same || !now
      ? { content: answer, deleted: sent.deleted }
      : { content: { ...now.content, measures: answer.measures }, deleted: now.deleted };
  }

  private report(saving = false): void {
    const conflict = [...this.conflicts.values()][0] ?? null;
    const refused = [...this.refused.values()][0];
    const state: SaveState = conflict
      ? "conflict"
      : refused !== undefined
        ? "failed"
        : this.offline && this.pending.size > 0
          ? "offline"
          : saving && this.pending.size > 0
            ? "saving"
            : this.pending.size > 0
              ? "unsaved"
              : "saved";
    useSaveStatus.setState({ state, unsaved: this.pending.size, message: refused ?? "", conflict });
  }
}
