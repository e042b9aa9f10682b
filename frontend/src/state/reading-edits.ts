/** What a person does to findings, each as one step that can be undone. */
import { type RevisionContent, saysTheSame } from "../geometry/content";
import { overtaken, patched, type Standing } from "../geometry/content-patch";
import { addRow, type FindingsState, findingRow, type Step, useFindings } from "./reading-findings";
import { blankRow, type FindingRow } from "./reading-rows";
import type { PersonOut } from "./reading-types";

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

/** Add a finding of this person; undoing it deletes it again. Returns its key. */
export function addFinding(content: RevisionContent, author: PersonOut | null, label: string): string {
  const key = `new:${crypto.randomUUID()}`;
  addRow({ ...blankRow(key, content.kind), author, content, deleted: true });
  changeFindings([{ key, deleted: false }], { label });
  return key;
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
