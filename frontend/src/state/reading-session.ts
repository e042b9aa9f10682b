/** The work item on the screen: loading it, its life cycle, reviews and comments. */
import { create } from "zustand";
import { asApiError } from "../api/errors";
import * as api from "./reading-api";
import { Autosave, useSaveStatus } from "./reading-autosave";
import { BrowserDraftStore, type DraftStore } from "./reading-drafts";
import {
  addFinding,
  adoptDraft,
  dropCorrection,
  type FindingRow,
  findingRow,
  forgetFindings,
  isUnsaved,
  mergeFromServer,
  onFindingChanged,
  patchRow,
  savedStateOf,
  useFindings,
} from "./reading-findings";
import { listenFor } from "./reading-listening";
import type {
  CommentOut,
  CommentPin,
  Decision,
  PersonOut,
  PredictionOut,
  ReadingMode,
  RejectReason,
  WorkitemOut,
} from "./reading-types";
import { readingUi, resetReadingUi, say, setReadingUi } from "./reading-ui";

interface ReadingState {
  workitemId: string | null;
  mode: ReadingMode;
  me: PersonOut | null;
  workitem: WorkitemOut | null;
  comments: CommentOut[];
  predictions: PredictionOut[];
  problem: unknown;
  /** The network call that the page waits for, in words. */
  busy: string | null;
}

export const useReading = create<ReadingState>(() => ({
  workitemId: null,
  mode: "read",
  me: null,
  workitem: null,
  comments: [],
  predictions: [],
  problem: null,
  busy: null,
}));

export const reading = () => useReading.getState();

const lockedStates = new Set(["accepted", "corrected"]);

export const isSignedOff = (workitem: WorkitemOut | null): boolean =>
  workitem !== null && lockedStates.has(workitem.state);

/** Whether this person may change findings now, or after taking the case over. */
export function canEdit(state: ReadingState = reading()): boolean {
  const { workitem, mode } = state;
  if (!workitem || isSignedOff(workitem)) {
    return false;
  }
  // In review a reviewer may add what the reader missed, when the server says so; there is nothing to claim.
  if (mode === "review") {
    return workitem.may.edit === true;
  }
  return workitem.may.edit === true || workitem.may.claim === true;
}

export function canReview(state: ReadingState = reading()): boolean {
  const { workitem, mode } = state;
  return mode === "review" && workitem !== null && !isSignedOff(workitem) && workitem.may.review === true;
}

class Session {
  private autosave: Autosave | null = null;
  private leave: (() => void)[] = [];
  private generation = 0;
  private claiming: Promise<void> | null = null;
  private refreshTimer: ReturnType<typeof setTimeout> | null = null;
  private activeSeconds = 0;
  private leaving = 0;

  constructor(private readonly drafts: DraftStore) {}

  /** Open a work item. A second call for the same one and mode does nothing. */
  async open(workitemId: string, mode: ReadingMode, me: PersonOut): Promise<void> {
    this.leaving += 1;
    const now = reading();
    if (now.workitemId === workitemId && now.mode === mode && now.me?.id === me.id) {
      return;
    }
    this.close();
    this.generation += 1;
    const generation = this.generation;
    resetReadingUi();
    useReading.setState({ workitemId, mode, me, busy: "Loading" });
    try {
      const [workitem, findings, comments, predictions] = await Promise.all([
        api.fetchWorkitem(workitemId),
        api.fetchFindings(workitemId),
        api.fetchComments(workitemId),
        api.fetchPredictions(workitemId).catch(() => []),
      ]);
      if (generation !== this.generation) {
        return;
      }
      mergeFromServer(findings);
      useReading.setState({ workitem, comments, predictions, busy: null, problem: null });
      await this.startSaving(workitemId, me);
      this.listen(workitemId);
    } catch (thrown) {
      if (generation === this.generation) {
        useReading.setState({ problem: thrown, busy: null });
      }
    }
  }

  /** The page goes away: send what is unsaved, then forget the case unless it was opened again meanwhile. */
  async leavePage(): Promise<void> {
    this.leaving += 1;
    const mine = this.leaving;
    await this.flush();
    if (mine === this.leaving) {
      this.close();
    }
  }

  /** Forget the work item; drafts stay. */
  close(): void {
    this.generation += 1;
    for (const leave of this.leave.splice(0)) {
      leave();
    }
    this.autosave?.stop();
    this.autosave = null;
    this.claiming = null;
    this.activeSeconds = 0;
    forgetFindings();
    useReading.setState({
      workitemId: null,
      workitem: null,
      comments: [],
      predictions: [],
      problem: null,
      busy: null,
    });
  }

  get unsaved(): boolean {
    return this.autosave?.dirty ?? false;
  }

  async flush(): Promise<void> {
    await this.autosave?.flush();
  }

  retrySaving(): void {
    this.autosave?.retry();
  }

  async resolveConflict(key: string, choice: "mine" | "theirs" | "both"): Promise<void> {
    await this.autosave?.resolve(key, choice);
  }

  private async startSaving(workitemId: string, me: PersonOut): Promise<void> {
    const claimed = <Answer>(call: () => Promise<Answer>) => this.ensureClaimed().then(call);
    const autosave = new Autosave({
      owner: me.id,
      workitemId,
      drafts: this.drafts,
      port: {
        create: (content, key) => claimed(() => api.createFinding(workitemId, content, key)),
        revise: (id, content, key, cause, digest) =>
          claimed(() => api.appendRevision(id, content, key, cause, digest)),
        remove: (id, digest) => claimed(() => api.deleteFinding(id, digest)),
        restore: (id, revision, digest) => claimed(() => api.restoreRevision(id, revision, digest)),
      },
      rows: {
        get: findingRow,
        patch: patchRow,
        add: (content) => addFinding(content, me, "Keep both"),
      },
    });
    this.autosave = autosave;
    this.leave.push(onFindingChanged((key) => autosave.touch(key)));
    const drafts = await this.drafts.of(me.id, workitemId).catch(() => []);
    let replayed = 0;
    for (const draft of drafts) {
      const key = adoptDraft({ ...draft, author: me });
      const row = findingRow(key);
      if (row && isUnsaved(row)) {
        // The draft knows the revision it was made on; a newer head is the server's to refuse (412).
        if (row.saved && draft.base && row.saved.digest !== draft.base) {
          patchRow(key, { saved: { ...row.saved, digest: draft.base } });
        }
        autosave.resume(key, draft.clientKey);
        replayed += 1;
      } else {
        await this.drafts.drop(draft.id).catch(() => undefined);
      }
    }
    if (replayed > 0) {
      say(`${replayed} unsaved ${replayed === 1 ? "change" : "changes"} recovered from this browser`);
    }
  }

  private listen(workitemId: string): void {
    this.leave.push(
      listenFor(workitemId, {
        stale: () => this.refreshSoon(),
        online: () => {
          this.autosave?.retry();
          this.refreshSoon();
        },
        unsaved: () => this.unsaved,
        flush: () => void this.flush(),
        second: () => {
          this.activeSeconds += 1;
        },
      }),
      () => {
        if (this.refreshTimer !== null) {
          clearTimeout(this.refreshTimer);
          this.refreshTimer = null;
        }
      },
    );
  }

  private refreshSoon(): void {
    this.refreshTimer ??= setTimeout(() => {
      this.refreshTimer = null;
      void this.refresh();
    }, 300);
  }

  /** Fetch again what the server holds. */
  async refresh(): Promise<void> {
    const { workitemId } = reading();
    const generation = this.generation;
    if (!workitemId) {
      return;
    }
    const { savedAt } = useSaveStatus.getState();
    try {
      const [workitem, findings, comments, predictions] = await Promise.all([
        api.fetchWorkitem(workitemId),
        api.fetchFindings(workitemId),
        api.fetchComments(workitemId),
        api.fetchPredictions(workitemId).catch(() => reading().predictions),
      ]);
      if (generation === this.generation && savedAt !== useSaveStatus.getState().savedAt) {
        // Something was saved while these answers were under way: they may not know it yet.
        this.refreshSoon();
      } else if (generation === this.generation) {
        mergeFromServer(findings);
        useReading.setState({ workitem, comments, predictions });
      }
    } catch {
      // The next event or the next save tries again; the save state says when the server is away.
    }
  }

  /** Take the case over before the first change is sent. */
  async ensureClaimed(): Promise<void> {
    const { workitem, mode } = reading();
    if (mode !== "read" || !workitem || (workitem.state !== "open" && workitem.state !== "rejected")) {
      return;
    }
    this.claiming ??= this.workitemEvent("claim").finally(() => {
      this.claiming = null;
    });
    await this.claiming;
  }

  /** Move the work item through its life; throws ApiError. */
  async workitemEvent(event: api.WorkitemEvent, body: object = {}): Promise<void> {
    const { workitem } = reading();
    if (!workitem) {
      return;
    }
    useReading.setState({ busy: event });
    try {
      const next = await api.sendWorkitemEvent(workitem.id, event, workitem.version, body);
      useReading.setState({ workitem: next });
    } catch (thrown) {
      if (asApiError(thrown).status === 412 || asApiError(thrown).status === 409) {
        void this.refresh();
      }
      throw thrown;
    } finally {
      useReading.setState({ busy: null });
    }
  }

  async submit(): Promise<void> {
    await this.flush();
    if (this.unsaved) {
      throw new Error(
        "Some changes are not saved yet. Wait for the server or settle the conflict, then submit.",
      );
    }
    await this.ensureClaimed();
    await this.workitemEvent("submit", { reading_seconds: this.activeSeconds });
    await this.refresh();
  }

  async review(
    key: string,
    review: { decision: Decision; reason?: RejectReason | ""; remark?: string },
    saliencyShown: boolean,
  ): Promise<void> {
    const row = findingRow(key);
    if (!row?.id || !row.saved) {
      return;
    }
    const copy = review.decision === "corrected" ? findingRow(`correction:${key}`) : undefined;
    await api.recordReview(
      row.id,
      {
        decision: review.decision,
        reason: review.reason ?? "",
        remark: review.remark ?? "",
        corrected_content: copy ? copy.content : null,
        saliency_shown: saliencyShown,
      },
      row.saved.digest,
    );
    if (copy) {
      dropCorrection(copy.key);
      setReadingUi({ correcting: null });
    }
    await this.refresh();
  }

  async comment(text: string, pin: CommentPin | null, findingId: string | null): Promise<void> {
    const { workitem } = reading();
    if (!workitem) {
      return;
    }
    const added = await api.addComment(workitem.id, text, pin, findingId);
    useReading.setState((state) => ({
      comments: state.comments.some((comment) => comment.id === added.id)
        ? state.comments
        : [...state.comments, added],
    }));
  }

  async restoreRevision(key: string, revisionId: string): Promise<void> {
    await this.flush();
    const row = findingRow(key);
    if (!row?.id || !row.saved) {
      return;
    }
    const head = await api.restoreRevision(row.id, revisionId, row.saved.digest);
    const saved = savedStateOf(head, false, row.saved);
    patchRow(key, { saved, content: saved.content, deleted: false });
  }
}

export const session = new Session(new BrowserDraftStore());

/** The findings in the order of the list: people's before the model's, in review label by label; no deleted ones. */
export function shownKeys(): string[] {
  const { rows, order } = useFindings.getState();
  const { correcting } = readingUi();
  const shown = order.flatMap((key) => {
    const row = rows[key];
    return row && !row.deleted && (row.correctionOf === null || key === correcting) ? [row] : [];
  });
  const labels = [...new Set(shown.map((row) => row.saved?.content.label_key ?? row.content.label_key))];
  const place = (row: FindingRow) =>
    (reading().mode === "review"
      ? labels.indexOf(row.saved?.content.label_key ?? row.content.label_key) * 2
      : 0) + (row.byModel ? 1 : 0);
  return shown.sort((a, b) => place(a) - place(b)).map((row) => row.key);
}
