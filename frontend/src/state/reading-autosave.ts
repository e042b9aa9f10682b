import { ApiError } from "../api/errors";
import { emptyContent, type RevisionContent, saysTheSame } from "../geometry/content";
import { type Draft, type DraftStore, draftId } from "./reading-drafts";
import { type FindingRow, isUnsaved, rowFromServer, type SavedState, savedStateOf } from "./reading-rows";
import { type Conflict, type Offer, type SaveState, useSaveStatus } from "./reading-save-status";
import type { FindingOut, RevisionOut } from "./reading-types";

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
  /** Put a draft back on the page; returns the finding's key. */
  adopt(draft: Draft): string;
  /** Show again what the server holds. */
  takeBack(key: string): void;
  /** The server stored what was sent in its own words. */
  reword(key: string, sent: RevisionContent, stored: RevisionContent): void;
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

/** What a finding says, or that it is deleted. */
type Said = Pick<Pending, "content" | "deleted">;

const says = (one: Said, other: Said): boolean =>
  one.deleted === other.deleted && (one.deleted || saysTheSame(one.content, other.content));

function isRevision(value: unknown): value is RevisionOut {
  return typeof value === "object" && value !== null && "digest" in value && "content" in value;
}

/** No answer, a server in trouble, or too many requests: the same request may do later. */
const isPassing = (thrown: unknown): boolean =>
  thrown instanceof ApiError && (thrown.status === 0 || thrown.status >= 500 || thrown.status === 429);

/** The page speaks for somebody else than the session: nothing is wrong with the change itself. */
const isAboutThePerson = (thrown: unknown): boolean =>
  thrown instanceof ApiError && (thrown.notSignedIn || thrown.code === "other_person");

/** One key for the life of a new finding, so that the server sees every attempt to make it as one. */
const creationKey = (findingKey: string): string => findingKey.replace(/^new:/, "");

/** Sends unsaved findings as revisions, one request at a time, each first written to the draft store. */
export class Autosave {
  private readonly pending = new Map<string, Pending>();
  private readonly merging = new Set<string>();
  private readonly blocked = new Map<string, string>();
  /** What was sent and not answered: the server may hold it or not, so it is asked this first. */
  private readonly unsettled = new Map<string, Pending>();
  private readonly conflicts = new Map<string, Conflict>();
  private readonly offers = new Map<string, Offer>();
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
    this.blocked.delete(key);
    // Undone to what the server holds is not yet saved: a draft of what was undone may still be kept.
    if (isUnsaved(row) || this.unsettled.has(key) || this.pending.has(key)) {
      this.pending.set(key, this.wish(row));
      void this.keepDraft(key);
    }
    this.report();
    this.schedule(this.parts.settleMs ?? 900);
  }

  private wish(row: FindingRow): Pending {
    return {
      clientKey: row.id === null ? creationKey(row.key) : crypto.randomUUID(),
      content: row.content,
      deleted: row.deleted,
    };
  }

  /** Offer what an earlier visit left behind; nothing of it is sent before a person says so. */
  async recover(): Promise<void> {
    const { drafts, owner, workitemId } = this.parts;
    for (const draft of await drafts.of(owner, workitemId).catch(() => [])) {
      if (this.arrived(draft)) {
        await drafts.drop(draft.id).catch(() => undefined);
      } else {
        this.offers.set(draft.id, { draft, refusal: null });
      }
    }
    this.report();
  }

  /** The page went away before it heard that this was stored. */
  private arrived({ findingId, deleted, content }: Draft): boolean {
    const row = findingId === null ? undefined : this.parts.rows.get(findingId);
    return row !== undefined && says(row, { deleted, content });
  }

  /** Whether a request about this finding is under way or was never answered: what the server holds is not known. */
  isUnsettled(key: string): boolean {
    return this.unsettled.has(key);
  }

  /** Put what was set aside back on the page and send it, on the revision it was made on. */
  async apply(id: string): Promise<string | null> {
    const offer = this.offers.get(id);
    if (!offer) {
      return null;
    }
    this.offers.delete(id);
    const { draft } = offer;
    const { rows, drafts } = this.parts;
    const key = rows.adopt(draft);
    const row = rows.get(key);
    // The draft knows the revision it was made on; a newer head is the server's to refuse (412).
    if (row?.saved && draft.base && row.saved.digest !== draft.base) {
      rows.patch(key, { saved: { ...row.saved, digest: draft.base } });
    }
    if (row?.id === null && draft.attempted) {
      this.unsettled.set(key, { clientKey: draft.clientKey, content: draft.content, deleted: false });
    }
    if (draft.id !== this.idOf(key)) {
      await drafts.drop(draft.id).catch(() => undefined);
    }
    this.touch(key);
    if (!this.pending.has(key)) {
      await this.dropDraft(key);
    }
    await this.flush();
    return key;
  }

  /** Forget what was set aside. */
  async discard(id: string): Promise<void> {
    if (this.offers.delete(id)) {
      await this.parts.drafts.drop(id).catch(() => undefined);
      this.report();
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

  /** The network, or the person, may be back. */
  retry(): void {
    this.blocked.clear();
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
    const id = row.id ?? conflict.findingId;
    if (choice === "mine") {
      this.parts.rows.patch(key, { id, saved: theirs });
      this.merging.add(key);
      this.touch(key);
    } else {
      const mine = row.content;
      this.pending.delete(key);
      await this.dropDraft(key);
      this.parts.rows.patch(key, { id, saved: theirs, content: theirs.content, deleted: theirs.deleted });
      // A deletion cannot stand beside the other's version, and a person answers a question once.
      if (choice === "both" && !conflict.mineDeleted && mine.kind !== "image_label") {
        this.touch(this.parts.rows.add(mine));
      }
    }
    this.report();
    await this.flush();
  }

  private idOf(key: string): string {
    return draftId(this.parts.owner, this.parts.workitemId, key);
  }

  private async dropDraft(key: string): Promise<void> {
    await this.parts.drafts.drop(this.idOf(key)).catch(() => undefined);
  }

  private draftOf(key: string): Draft | null {
    const row = this.parts.rows.get(key);
    const pending = this.pending.get(key);
    if (!row || !pending) {
      return null;
    }
    return {
      id: this.idOf(key),
      owner: this.parts.owner,
      workitemId: this.parts.workitemId,
      findingKey: key,
      findingId: row.id,
      content: pending.content,
      deleted: pending.deleted,
      base: row.saved?.digest ?? null,
      clientKey: pending.clientKey,
      attempted: this.unsettled.has(key),
      at: Date.now(),
    };
  }

  private async keepDraft(key: string): Promise<void> {
    const draft = this.draftOf(key);
    if (draft) {
      // A browser without its database (private window) still saves to the server.
      await this.parts.drafts.put(draft).catch(() => undefined);
    }
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
      if (!this.conflicts.has(key) && !this.blocked.has(key)) {
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
        if (!(await this.failed(key, thrown))) {
          break;
        }
      }
    }
    this.report();
  }

  /** Whether to go on with the other findings. */
  private async failed(key: string, thrown: unknown): Promise<boolean> {
    if (thrown instanceof ApiError && thrown.status === 412 && isRevision(thrown.detail.head)) {
      const { finding_id } = thrown.detail;
      const sent = this.unsettled.get(key);
      this.unsettled.delete(key);
      this.overtakenBy(key, thrown.detail.head, typeof finding_id === "string" ? finding_id : null, sent);
      return true;
    }
    if (isPassing(thrown)) {
      this.offline = true;
      this.failures += 1;
      this.schedule(Math.min(30_000, (this.parts.retryMs ?? 2000) * 2 ** Math.min(4, this.failures - 1)));
      return false;
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (isAboutThePerson(thrown)) {
      this.blocked.set(key, message);
    } else {
      await this.setAside(key, message);
    }
    return true;
  }

  /** Another revision came first: where it says what is wanted here, that is that; else a person decides. */
  private overtakenBy(key: string, head: RevisionOut, findingId: string | null = null, sent?: Pending): void {
    const { rows } = this.parts;
    const row = rows.get(key);
    if (!row) {
      return;
    }
    const theirs = savedStateOf(head, head.cause === "delete", row.saved);
    // Undone here before the server ever had it: nothing of it stands against theirs.
    if (says(row, theirs) || (row.id === null && row.deleted)) {
      const { content, deleted } = theirs;
      rows.patch(key, { id: row.id ?? findingId, saved: theirs, content, deleted });
      this.pending.delete(key);
      void this.dropDraft(key);
    } else if (sent && says(sent, theirs)) {
      // What was sent had arrived before; what was done here since goes on top of it.
      rows.patch(key, { id: row.id ?? findingId, saved: theirs });
    } else {
      this.conflicts.set(key, { key, mine: row.content, mineDeleted: row.deleted, head, findingId });
    }
  }

  /** The server refused it for good: the page shows again what the server holds, and the change is offered. */
  private async setAside(key: string, refusal: string): Promise<void> {
    this.unsettled.delete(key);
    const draft = this.draftOf(key);
    const row = this.parts.rows.get(key);
    this.pending.delete(key);
    this.merging.delete(key);
    // Undone while it was under way: nothing is left to offer.
    if (draft && row && isUnsaved(row)) {
      this.offers.set(draft.id, { draft, refusal });
      await this.parts.drafts.put(draft).catch(() => undefined);
    } else {
      await this.dropDraft(key);
    }
    this.parts.rows.takeBack(key);
  }

  private async save(key: string): Promise<void> {
    const { rows } = this.parts;
    const row = rows.get(key);
    const pending = this.pending.get(key);
    if (!row || !pending) {
      this.pending.delete(key);
      return;
    }
    const sent = this.unsettled.get(key) ?? pending;
    if (this.unsettled.has(key) || isUnsaved(row)) {
      this.unsettled.set(key, sent);
      if (row.id === null || row.saved === null) {
        await this.create(key, row, sent);
      } else {
        await this.change(key, row.id, row.saved, sent);
      }
    }
    // At once: whoever fetches meanwhile must see that their answer may be older than this.
    useSaveStatus.setState({ savedAt: Date.now() });
    const after = rows.get(key);
    if (!after || !isUnsaved(after)) {
      const settled = this.pending.get(key);
      await this.dropDraft(key);
      if (this.pending.get(key) === settled) {
        this.pending.delete(key);
      } else {
        await this.keepDraft(key);
      }
    } else {
      const queued = this.pending.get(key);
      if (queued === undefined || queued === pending) {
        // An undone deletion is restored first and revised next; an edit undone while it was sent goes back.
        this.pending.set(key, this.wish(after));
      }
      await this.keepDraft(key);
    }
  }

  /** Send the next revision of a finding; what was changed or undone meanwhile stands on the page and is sent next. */
  private async change(key: string, id: string, saved: SavedState, sent: Pending): Promise<void> {
    const { port, rows } = this.parts;
    let fields: Partial<FindingRow>;
    if (sent.deleted) {
      fields = { saved: savedStateOf(await port.remove(id, saved.digest), true, saved) };
    } else if (saved.deleted && saved.contentRevisionId) {
      const head = await port.restore(id, saved.contentRevisionId, saved.digest);
      fields = { saved: savedStateOf(head, false, saved) };
    } else {
      const cause = this.merging.has(key) ? "merge" : "edit";
      const head = await port.revise(id, sent.content, sent.clientKey, cause, saved.digest);
      this.merging.delete(key);
      fields = { saved: savedStateOf(head, false, saved), ...this.kept(key, sent, head.content) };
    }
    this.unsettled.delete(key);
    rows.patch(key, fields);
  }

  /** Make a finding, or learn that an unanswered attempt had made it; what was undone meanwhile is deleted next. */
  private async create(key: string, row: FindingRow, sent: Pending): Promise<void> {
    const { port, rows } = this.parts;
    await this.keepDraft(key);
    const out = await port.create(sent.content, sent.clientKey);
    this.unsettled.delete(key);
    const now = rows.get(key) ?? row;
    const mine = { content: now.content, deleted: now.deleted };
    const unchanged = now.content === sent.content && !now.deleted;
    rows.patch(key, {
      ...rowFromServer(out, key, now),
      ...(unchanged ? this.kept(key, sent, out.head.content) : mine),
    });
    const after = rows.get(key);
    if (after && isUnsaved(after) && out.head.number > 1 && !saysTheSame(out.head.content, sent.content)) {
      // It reached the server long ago, and somebody has changed it since.
      this.overtakenBy(key, out.head);
    }
  }

  /** What the row says after saving: the server's words, unless it was changed while the request was under way. */
  private kept(key: string, sent: Pending, theirs: RevisionContent): Partial<FindingRow> {
    const { rows } = this.parts;
    const now = rows.get(key);
    const same = now?.content === sent.content && now.deleted === sent.deleted;
    const answer = { ...emptyContent(theirs.kind, theirs.label_key), ...theirs };
    if (!saysTheSame(sent.content, answer)) {
      rows.reword(key, sent.content, answer);
    }
    return same || !now
      ? { content: answer, deleted: sent.deleted }
      : { content: now.content, deleted: now.deleted };
  }

  private report(saving = false): void {
    const conflict = [...this.conflicts.values()][0] ?? null;
    const blocked = [...this.blocked.values()][0];
    const waiting = this.pending.size > 0;
    const state: SaveState = conflict
      ? "conflict"
      : blocked !== undefined
        ? "failed"
        : this.offline && waiting
          ? "offline"
          : saving && waiting
            ? "saving"
            : waiting
              ? "unsaved"
              : this.offers.size > 0
                ? "aside"
                : "saved";
    const offers = [...this.offers.values()];
    useSaveStatus.setState({ state, unsaved: this.pending.size, message: blocked ?? "", conflict, offers });
  }
}
