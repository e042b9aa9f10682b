/** The work item on the screen: loading it, its life cycle, reviews and comments. */
import { create } from "zustand";
import { ApiError, asApiError } from "../api/errors";
import * as api from "./reading-api";
import { Autosave } from "./reading-autosave";
import { BrowserDraftStore, type DraftStore } from "./reading-drafts";
import {
  addFinding,
  adoptDraft,
  dropCorrection,
  endSteps,
  onFindingChanged,
  reword,
  takeBack,
} from "./reading-edits";
import { findingRow, forgetFindings, mergeFromServer, patchRow, useFindings } from "./reading-findings";
import { listenFor } from "./reading-listening";
import { type FindingRow, savedStateOf } from "./reading-rows";
import { useSaveStatus } from "./reading-save-status";
import type {
  Agreement,
  CommentOut,
  CommentPin,
  Decision,
  PersonOut,
  PredictionOut,
  ReadingMode,
  RejectReason,
  WorkitemOut,
} from "./reading-types";
import { readingUi, resetReadingUi, setReadingUi } from "./reading-ui";
import { closeWords, openWords } from "./reading-words";

interface ReadingState {
  workitemId: string | null;
  /** What the address asked for; null leaves it to what this person may do. */
  asked: ReadingMode | null;
  mode: ReadingMode;
  me: PersonOut | null;
  workitem: WorkitemOut | null;
  comments: CommentOut[];
  predictions: PredictionOut[];
  agreement: Agreement[];
  /** Digest of the images that this page shows: what is signed is signed of these. */
  imagesShown: string;
  problem: unknown;
  /** The network call that the page waits for, in words. */
  busy: string | null;
}

export const useReading = create<ReadingState>(() => ({
  workitemId: null,
  asked: null,
  mode: "read",
  me: null,
  workitem: null,
  comments: [],
  predictions: [],
  agreement: [],
  imagesShown: "",
  problem: null,
  busy: null,
}));

export const reading = () => useReading.getState();

/** Answers overtake each other: what the page knows of the case already is never replaced by what was before it. */
const isOlder = (answer: WorkitemOut): boolean => {
  const { workitem } = reading();
  return workitem?.id === answer.id && answer.version < workitem.version;
};

class Session {
  private autosave: Autosave | null = null;
  private leave: (() => void)[] = [];
  private generation = 0;
  private claiming: Promise<void> | null = null;
  private refreshTimer: ReturnType<typeof setTimeout> | null = null;
  private activeSeconds = 0;
  private leaving = 0;

  constructor(private readonly drafts: DraftStore) {}

  /** Go on as fits the case now, unless the address says how: who reopened it may decide it. */
  chooseMode(): void {
    const { asked, workitem } = reading();
    useReading.setState({ mode: asked ?? (workitem?.may.review === true ? "review" : "read") });
  }

  /** Open a work item. A second call for the same one and mode does nothing. */
  async open(workitemId: string, asked: ReadingMode | null, me: PersonOut): Promise<void> {
    this.leaving += 1;
    const now = reading();
    if (now.workitemId === workitemId && now.asked === asked && now.me?.id === me.id) {
      return;
    }
    this.close();
    this.generation += 1;
    const generation = this.generation;
    resetReadingUi();
    void openWords(me.id, workitemId);
    useReading.setState({ workitemId, asked, mode: asked ?? "read", me, busy: "Loading" });
    try {
      const [workitem, findings, comments, predictions, agreement] = await Promise.all([
        api.fetchWorkitem(workitemId),
        api.fetchFindings(workitemId),
        api.fetchComments(workitemId),
        api.fetchPredictions(workitemId).catch(() => []),
        api.fetchAgreement(workitemId),
      ]);
      if (generation !== this.generation) {
        return;
      }
      mergeFromServer(findings);
      // Whoever may decide the case opens it for that; to look at it as a reader does one asks for it by name.
      const mode = asked ?? (workitem.may.review === true ? "review" : "read");
      useReading.setState({
        workitem,
        mode,
        comments,
        predictions,
        agreement,
        imagesShown: workitem.images_digest,
        busy: null,
        problem: null,
      });
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
    closeWords();
    useReading.setState({
      workitemId: null,
      workitem: null,
      comments: [],
      predictions: [],
      agreement: [],
      imagesShown: "",
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
        adopt: (draft) => adoptDraft({ ...draft, author: me }),
        takeBack,
        reword,
      },
    });
    this.autosave = autosave;
    this.leave.push(onFindingChanged((key) => autosave.touch(key)));
    await autosave.recover();
  }

  /** Put a change that was set aside back on the page, and send it. */
  async applyOffer(id: string): Promise<string | null> {
    return (await this.autosave?.apply(id)) ?? null;
  }

  async discardOffer(id: string): Promise<void> {
    await this.autosave?.discard(id);
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
      const [workitem, findings, comments, predictions, agreement] = await Promise.all([
        api.fetchWorkitem(workitemId),
        api.fetchFindings(workitemId),
        api.fetchComments(workitemId),
        api.fetchPredictions(workitemId).catch(() => reading().predictions),
        api.fetchAgreement(workitemId),
      ]);
      const isBehind = savedAt !== useSaveStatus.getState().savedAt || isOlder(workitem);
      if (generation === this.generation && isBehind) {
        // Something was saved or done while these answers were under way: they may not know it yet.
        this.refreshSoon();
      } else if (generation === this.generation) {
        mergeFromServer(findings, (key) => this.autosave?.isUnsettled(key) ?? false);
        useReading.setState({ workitem, comments, predictions, agreement });
      }
    } catch {
      // The next event or the next save tries again; the save state says when the server is away.
    }
  }

  /** Take the case before the first change is sent; whoever comes second is told who has it. */
  async ensureClaimed(): Promise<void> {
    const { workitem, mode } = reading();
    if (mode !== "read" || !workitem || workitem.may.edit === true || workitem.may.claim !== true) {
      return;
    }
    this.claiming ??= this.claim().finally(() => {
      this.claiming = null;
    });
    await this.claiming;
  }

  private async claim(): Promise<void> {
    try {
      await this.workitemEvent("claim");
    } catch (thrown) {
      const { status } = asApiError(thrown);
      if (status !== 412 && status !== 409) {
        throw thrown;
      }
      await this.refresh();
      const now = reading().workitem;
      if (now?.may.edit === true) {
        // Another window of the same person took it first.
        return;
      }
      const other = now?.reader && now.reader.id !== reading().me?.id ? now.reader.display_name : null;
      throw new ApiError({
        status,
        code: "taken_meanwhile",
        message: other
          ? `${other} took this case before your first change was saved. Your change is set aside in this browser: keep it there, or discard it.`
          : asApiError(thrown).message,
      });
    }
  }

  /** Move the work item through its life; throws ApiError. What was done before can no longer be undone. */
  async workitemEvent(event: api.WorkitemEvent, body: object = {}): Promise<void> {
    const { workitem } = reading();
    if (!workitem) {
      return;
    }
    useReading.setState({ busy: event });
    try {
      const next = await api.sendWorkitemEvent(workitem.id, event, workitem.version, body);
      if (event !== "claim" && event !== "all-negative") {
        endSteps();
      }
      if (!isOlder(next)) {
        useReading.setState({ workitem: next });
      }
    } catch (thrown) {
      if (asApiError(thrown).status === 412 || asApiError(thrown).status === 409) {
        void this.refresh();
      }
      throw thrown;
    } finally {
      useReading.setState({ busy: null });
    }
  }

  /** Everything is on the server, or this throws and says why not. */
  async settle(before: string): Promise<void> {
    await this.flush();
    const { offers, message } = useSaveStatus.getState();
    if (this.unsaved) {
      throw new Error(
        message ||
          `Some changes are not saved yet. Wait for the server or settle the conflict, then ${before}.`,
      );
    }
    if (offers.length > 0) {
      throw new Error(
        `${offers.length === 1 ? "One change is" : `${offers.length} changes are`} set aside and not on the server. Apply or discard ${offers.length === 1 ? "it" : "each"} first, then ${before}.`,
      );
    }
  }

  /** Say "absent" of everything the project asks for and nobody answered yet. */
  async allNegative(): Promise<void> {
    await this.settle("answer the rest");
    await this.ensureClaimed();
    await this.workitemEvent("all-negative");
    await this.refresh();
  }

  async submit(nothingFound = false): Promise<void> {
    await this.settle("submit");
    await this.ensureClaimed();
    await this.workitemEvent("submit", {
      reading_seconds: this.activeSeconds,
      nothing_found: nothingFound,
      images: reading().imagesShown,
    });
    // Sent once: what is read after a submission is taken back counts from zero.
    this.activeSeconds = 0;
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
    try {
      await api.recordReview(
        row.id,
        {
          decision: review.decision,
          reason: review.reason ?? "",
          remark: review.remark ?? "",
          corrected_content: copy ? copy.content : null,
          saliency_shown: saliencyShown,
          decision_seen: row.decision?.id ?? null,
        },
        row.saved.digest,
      );
    } catch (thrown) {
      if (asApiError(thrown).status === 412) {
        // Somebody changed it, or decided: what they did is what stands on the screen when the reviewer is told.
        await this.refresh();
      }
      throw thrown;
    }
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
    await this.ensureClaimed();
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
