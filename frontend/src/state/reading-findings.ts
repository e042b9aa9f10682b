import { create } from "zustand";
import {
  emptyContent,
  type FindingKind,
  type Measure,
  type RevisionContent,
  saysTheSame,
} from "../geometry/content";
import { drawnAlike, overtaken, patched, type Standing } from "../geometry/content-patch";
import type {
  FindingMay,
  FindingOut,
  PersonOut,
  RejectReason,
  ReviewOut,
  RevisionOut,
} from "./reading-types";

/** What the server is known to hold of a finding. */
export interface SavedState {
  digest: string;
  number: number;
  deleted: boolean;
  content: RevisionContent;
  /** The newest revision that is not a deletion: what restore goes back to. */
  contentRevisionId: string | null;
  at: string;
}

export interface FindingRow {
  /** Stable while the page lives: the server's id, or `new:…` until the end of the page. */
  key: string;
  id: string | null;
  kind: FindingKind;
  author: PersonOut | null;
  byModel: boolean;
  algorithmName: string;
  algorithmVersion: string;
  /** Id of the model version whose finding it is, if one of this house's said it. */
  proposedBy: string | null;
  /** A newer answer of the model took the place of this one; without a decision it needs none. */
  superseded: boolean;
  probability: number | null;
  threshold: number | null;
  predictionId: string | null;
  reviews: ReviewOut[];
  /** What this person may do with it now; null while the server has not seen it. */
  may: FindingMay | null;
  /** The decision about it that stands. */
  decision: ReviewOut | null;
  /** The case is not signed off before somebody decides about this one. */
  mustBeDecided: boolean;
  /** With it, the case is signed off as corrected. */
  changesTheReading: boolean;
  /** The reasons that a rejection of it can have. */
  rejections: RejectReason[];
  /** Said in a reading that was given up: it is history. */
  abandoned: boolean;
  content: RevisionContent;
  deleted: boolean;
  saved: SavedState | null;
  /** Set while a reviewer edits a copy of a finding: the key of the original. Never autosaved. */
  correctionOf: string | null;
}

/** One step of undo: what some findings said before and after. Undoing does only what differs between the two. */
export interface Step {
  label: string;
  merge: string | null;
  at: number;
  changes: { key: string; before: Standing; after: Standing }[];
}

interface FindingsState {
  rows: Record<string, FindingRow>;
  order: string[];
  past: Step[];
  future: Step[];
}

export const useFindings = create<FindingsState>(() => ({ rows: {}, order: [], past: [], future: [] }));

const undoDepth = 200;
const mergeWithinMs = 1500;

type Listener = (key: string) => void;
const listeners = new Set<Listener>();

/** Hear of every change a person made (undo and redo too). */
export function onFindingChanged(listener: Listener): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function findingRow(key: string | null): FindingRow | undefined {
  return key ? useFindings.getState().rows[key] : undefined;
}

export function isUnsaved(row: FindingRow): boolean {
  if (row.correctionOf) {
    return false;
  }
  if (row.saved === null) {
    return !row.deleted;
  }
  return row.deleted !== row.saved.deleted || (!row.deleted && !saysTheSame(row.content, row.saved.content));
}

/** The server's measures of a finding, while it still is what the server measured; of anything newer none are known. */
export function shownMeasures(row: FindingRow): Record<string, Measure> {
  const measured = row.saved?.content;
  return measured && drawnAlike(row.content, measured) ? (measured.measures ?? {}) : {};
}

function write(
  changes: { key: string; said: Standing; base?: string }[],
  also: Partial<FindingsState>,
): void {
  useFindings.setState((state) => {
    const rows = { ...state.rows };
    for (const { key, said, base } of changes) {
      const row = rows[key];
      if (row) {
        const saved = row.saved && base ? { ...row.saved, digest: base } : row.saved;
        rows[key] = { ...row, content: said.content, deleted: said.deleted, saved };
      }
    }
    return { rows, ...also };
  });
  for (const { key } of changes) {
    for (const listener of [...listeners]) {
      listener(key);
    }
  }
}

function remember(step: Step): Pick<FindingsState, "past" | "future"> {
  const { past } = useFindings.getState();
  const last = past[past.length - 1];
  const joins =
    last && step.merge !== null && last.merge === step.merge && step.at - last.at < mergeWithinMs
      ? last
      : null;
  if (joins) {
    const changes = step.changes.map((change) => {
      const earlier = joins.changes.find((old) => old.key === change.key);
      return earlier ? { ...change, before: earlier.before } : change;
    });
    return { past: [...past.slice(0, -1), { ...step, changes }], future: [] };
  }
  return { past: [...past.slice(-undoDepth + 1), step], future: [] };
}

export interface ChangeOptions {
  /** What the undo entry is called. */
  label: string;
  /** Quick successive changes with the same tag (typing, sliding) become one step. */
  merge?: string;
}

export interface Change {
  key: string;
  content?: RevisionContent;
  deleted?: boolean;
  /**
   * The finding as it was when the gesture began. Only what differs from it is changed; where the same thing was
   * changed elsewhere meanwhile, the save names the revision the gesture was made on, so that a person decides.
   */
  from?: FindingRow;
}

const standingOf = (row: FindingRow): Standing => ({ content: row.content, deleted: row.deleted });

/** Let findings say something else, as one step of undo. Unknown keys and no-changes are skipped. */
export function changeFindings(changes: Change[], options: ChangeOptions): void {
  const steps: (Step["changes"][number] & { base?: string })[] = [];
  for (const change of changes) {
    const row = findingRow(change.key);
    if (!row) {
      continue;
    }
    const before = standingOf(row);
    const begun = change.from ? standingOf(change.from) : before;
    const wanted = { content: change.content ?? begun.content, deleted: change.deleted ?? begun.deleted };
    const after = change.from ? patched(before, begun, wanted) : wanted;
    if (before.deleted !== after.deleted || !saysTheSame(before.content, after.content)) {
      const base = change.from && overtaken(before, begun, wanted) ? change.from.saved?.digest : undefined;
      steps.push({ key: change.key, before, after, base });
    }
  }
  if (steps.length === 0) {
    return;
  }
  const kept = steps.map(({ key, before, after }) => ({ key, before, after }));
  const step: Step = { label: options.label, merge: options.merge ?? null, at: Date.now(), changes: kept };
  write(
    steps.map(({ key, after, base }) => ({ key, said: after, base })),
    remember(step),
  );
}

export function changeContent(
  key: string,
  patch: Partial<RevisionContent>,
  options: ChangeOptions & { from?: FindingRow },
): void {
  const row = options.from ?? findingRow(key);
  if (row) {
    changeFindings([{ key, content: { ...row.content, ...patch }, from: options.from }], options);
  }
}

function addRow(row: FindingRow): void {
  useFindings.setState((state) => ({
    rows: { ...state.rows, [row.key]: row },
    order: state.order.includes(row.key) ? state.order : [...state.order, row.key],
  }));
}

/** Add a finding of this person; undoing it deletes it again. Returns its key. */
export function addFinding(content: RevisionContent, author: PersonOut | null, label: string): string {
  const key = `new:${crypto.randomUUID()}`;
  addRow({ ...blankRow(key, content.kind), author, content, deleted: true });
  changeFindings([{ key, deleted: false }], { label });
  return key;
}

function blankRow(key: string, kind: FindingKind): FindingRow {
  return {
    key,
    id: null,
    kind,
    author: null,
    byModel: false,
    algorithmName: "",
    algorithmVersion: "",
    proposedBy: null,
    superseded: false,
    probability: null,
    threshold: null,
    predictionId: null,
    reviews: [],
    may: null,
    decision: null,
    mustBeDecided: false,
    changesTheReading: false,
    rejections: [],
    abandoned: false,
    content: emptyContent(kind, null),
    deleted: false,
    saved: null,
    correctionOf: null,
  };
}

/** Put back a finding from a draft: nothing is sent or remembered for undo here. */
export function adoptDraft(draft: {
  findingKey: string;
  findingId: string | null;
  content: RevisionContent;
  deleted: boolean;
  author: PersonOut | null;
}): string {
  const existing = draft.findingId
    ? Object.values(useFindings.getState().rows).find((row) => row.id === draft.findingId)
    : undefined;
  const row = existing ?? { ...blankRow(draft.findingKey, draft.content.kind), author: draft.author };
  addRow({ ...row, content: draft.content, deleted: draft.deleted });
  return row.key;
}

/** How a step went: done, refused because it is not (or no longer) this person's to change, or because it was overtaken. */
export type Stepped =
  | { outcome: "done"; label: string }
  | { outcome: "not-yours"; label: string }
  | { outcome: "overtaken"; label: string };

/** Take the newest step back, if every finding in it may be changed now. Only what the step changed goes back. */
export function undo(mayChange: (row: FindingRow) => boolean): Stepped | null {
  const { past, future } = useFindings.getState();
  const step = past[past.length - 1];
  return step === undefined
    ? null
    : stepTo(step, "before", mayChange, { past: past.slice(0, -1), future: [...future, step] });
}

/** Do the step again that was undone last. */
export function redo(mayChange: (row: FindingRow) => boolean): Stepped | null {
  const { past, future } = useFindings.getState();
  const step = future[future.length - 1];
  return step === undefined
    ? null
    : stepTo(step, "after", mayChange, { past: [...past, step], future: future.slice(0, -1) });
}

function stepTo(
  step: Step,
  side: "before" | "after",
  mayChange: (row: FindingRow) => boolean,
  also: Pick<FindingsState, "past" | "future">,
): Stepped {
  const { label } = step;
  const changes = step.changes.flatMap((change) => {
    const row = findingRow(change.key);
    return row ? [{ row, from: side === "before" ? change.after : change.before, to: change[side] }] : [];
  });
  if (changes.length < step.changes.length || changes.some(({ row }) => !mayChange(row))) {
    return { outcome: "not-yours", label };
  }
  if (changes.some(({ row, from, to }) => overtaken(standingOf(row), from, to))) {
    // Somebody (or another window of the same person) said something else since: that is not this step's to undo.
    useFindings.setState({ past: [], future: [] });
    return { outcome: "overtaken", label };
  }
  write(
    changes.map(({ row, from, to }) => ({ key: row.key, said: patched(standingOf(row), from, to) })),
    also,
  );
  return { outcome: "done", label };
}

/** The server stored `sent` in its own words: steps speak of these from now on. */
export function reword(key: string, sent: RevisionContent, stored: RevisionContent): void {
  const said = (standing: Standing): Standing =>
    standing.content === sent || saysTheSame(standing.content, sent)
      ? { ...standing, content: stored }
      : standing;
  const steps = (list: Step[]) =>
    list.map((step) => ({
      ...step,
      changes: step.changes.map((change) =>
        change.key === key ? { key, before: said(change.before), after: said(change.after) } : change,
      ),
    }));
  useFindings.setState(({ past, future }) => ({ past: steps(past), future: steps(future) }));
}

/** What was done until now can no longer be undone (it was submitted, given back, decided). */
export function endSteps(): void {
  useFindings.setState({ past: [], future: [] });
}

/** Show again what the server holds of a finding; one that it never had leaves the page. */
export function takeBack(key: string): void {
  useFindings.setState((state) => {
    const row = state.rows[key];
    if (!row) {
      return state;
    }
    const rows = { ...state.rows };
    const touches = (step: Step) => step.changes.some((change) => change.key === key);
    const steps = {
      past: state.past.filter((step) => !touches(step)),
      future: state.future.filter((step) => !touches(step)),
    };
    if (row.saved === null) {
      delete rows[key];
      return { rows, order: state.order.filter((other) => other !== key), ...steps };
    }
    rows[key] = { ...row, content: row.saved.content, deleted: row.saved.deleted };
    return { rows, ...steps };
  });
}

/**
 * Merge some fields into one row without a step of undo (what the server said). When the server turns out to know
 * the finding under another row (a save whose answer was lost, a label said before), the two become one.
 */
export function patchRow(key: string, fields: Partial<FindingRow>): void {
  useFindings.setState((state) => {
    const row = state.rows[key];
    if (!row) {
      return state;
    }
    const rows = { ...state.rows, [key]: { ...row, ...fields } };
    const twin = Object.values(rows).find(
      (other) => fields.id && other.id === fields.id && other.key !== key && other.correctionOf === null,
    );
    if (!twin) {
      return { rows };
    }
    delete rows[twin.key];
    return { rows, order: state.order.filter((other) => other !== twin.key) };
  });
}

export function savedStateOf(head: RevisionOut, deleted: boolean, before?: SavedState | null): SavedState {
  return {
    digest: head.digest,
    number: head.number,
    deleted,
    content: withAllFields(head.content),
    contentRevisionId: deleted ? (before?.contentRevisionId ?? head.parent) : head.id,
    at: head.created_at,
  };
}

function withAllFields(content: RevisionContent): RevisionContent {
  return { ...emptyContent(content.kind, content.label_key), ...content, measures: content.measures ?? {} };
}

/** What was decided and what may be done: the server's word, whatever is unsaved here. */
const rulesOf = (out: FindingOut) => ({
  reviews: out.reviews,
  may: out.may,
  decision: out.decision,
  mustBeDecided: out.must_be_decided,
  changesTheReading: out.changes_the_reading,
  rejections: out.rejections,
  abandoned: out.abandoned,
  probability: out.probability,
});

export function rowFromServer(out: FindingOut, key: string = out.id, before?: FindingRow): FindingRow {
  const saved = savedStateOf(out.head, out.deleted, before?.saved);
  return {
    ...(before ?? blankRow(key, out.kind)),
    key,
    id: out.id,
    kind: out.kind,
    author: out.author,
    byModel: out.algorithm_type === "AUTOMATIC",
    algorithmName: out.algorithm_name,
    algorithmVersion: out.proposed_by ? `v${out.proposed_by.number}` : out.algorithm_version,
    proposedBy: out.proposed_by?.id ?? null,
    superseded: out.superseded_at !== null,
    threshold: out.threshold,
    predictionId: out.prediction_id,
    ...rulesOf(out),
    content: saved.content,
    deleted: out.deleted,
    saved,
  };
}

/** Take over what the server holds now; rows with unsaved changes keep them. */
export function mergeFromServer(list: readonly FindingOut[]): void {
  useFindings.setState((state) => {
    const rows = { ...state.rows };
    const keyOfId = new Map(
      Object.values(rows).flatMap((row) => (row.id && !row.correctionOf ? [[row.id, row.key] as const] : [])),
    );
    const seen = new Set<string>();
    const order = [...state.order];
    for (const out of list) {
      const key = keyOfId.get(out.id) ?? out.id;
      seen.add(key);
      const before = rows[key];
      if (before && isUnsaved(before)) {
        rows[key] = { ...before, ...rulesOf(out) };
      } else if (before?.saved && before.saved.number > out.head.number) {
        // An answer that was under way while a newer revision was saved.
        rows[key] = { ...before, ...rulesOf(out) };
      } else {
        rows[key] = rowFromServer(out, key, before);
      }
      if (!order.includes(key)) {
        order.push(key);
      }
    }
    for (const row of Object.values(rows)) {
      if (row.id && !seen.has(row.key) && !row.correctionOf && !isUnsaved(row) && !row.deleted) {
        delete rows[row.key];
      }
    }
    return { rows, order: order.filter((key) => rows[key]) };
  });
}

/** Start editing a copy of a finding for a correction. Returns the copy's key. */
export function startCorrection(originalKey: string): string | null {
  const original = findingRow(originalKey);
  if (!original) {
    return null;
  }
  const key = `correction:${originalKey}`;
  addRow({
    ...original,
    key,
    id: null,
    saved: null,
    byModel: false,
    may: null,
    decision: null,
    mustBeDecided: false,
    changesTheReading: false,
    correctionOf: originalKey,
    content: { ...original.content, locked: false },
  });
  return key;
}

export function dropCorrection(key: string): void {
  useFindings.setState((state) => {
    const rows = { ...state.rows };
    delete rows[key];
    const without = (steps: Step[]) =>
      steps.filter((step) => !step.changes.some((change) => change.key === key));
    return {
      rows,
      order: state.order.filter((other) => other !== key),
      past: without(state.past),
      future: without(state.future),
    };
  });
}

export function forgetFindings(): void {
  useFindings.setState({ rows: {}, order: [], past: [], future: [] });
}
