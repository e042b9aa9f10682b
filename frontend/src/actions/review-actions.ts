import { dropCorrection, startCorrection } from "../state/reading-edits";
import { findingRow, useFindings } from "../state/reading-findings";
import { mayJudge, mayReview } from "../state/reading-may";
import type { FindingRow } from "../state/reading-rows";
import { saliencyIsShown } from "../state/reading-saliency";
import { reading, session, shownKeys } from "../state/reading-session";
import type { Decision, RejectReason, WorkitemOut } from "../state/reading-types";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { showFinding } from "../viewer/jump";
import type { Action } from "./action";

type Rejections = WorkitemOut["rejections"];

const noReasons: Rejections = [];

/** Why a finding can be rejected, in the order of the keys that choose it, and what each reason says. */
export const rejectReasons = (): Rejections => reading().workitem?.rejections ?? noReasons;

/** What the reason of a rejection says; nothing where there is none. */
export const reasonWords = (code: string | undefined): string | undefined =>
  rejectReasons().find((one) => one.reason === code)?.words;

const shownRows = (): FindingRow[] => {
  const { rows } = useFindings.getState();
  return shownKeys().flatMap((key) => {
    const row = rows[key];
    return row && !row.correctionOf ? [row] : [];
  });
};

/** Findings that this person may judge and nobody has decided yet. */
export const undecided = (): FindingRow[] =>
  shownRows().filter((row) => mayJudge(row) && !row.decision && !row.superseded);

/** Those that must be decided before the case can be signed off. */
export const waitingForDecision = (): FindingRow[] => shownRows().filter((row) => row.mustBeDecided);

/** Whether somebody corrected or rejected what a reader said, or added to it. */
export const readingWasChanged = (): boolean =>
  Object.values(useFindings.getState().rows).some((row) => row.changesTheReading && !row.deleted);

/**
 * Select the next finding that waits because reader and model do not say the same, of one label or of any.
 * After the last comes the first again.
 */
export function nextDisagreement(labelKey: string | null = null): void {
  const open = reading().agreement.filter(
    (row) => row.disagrees && (labelKey === null || row.label_key === labelKey),
  );
  const ids = open.flatMap((row) => row.waiting);
  const at = ids.indexOf(findingRow(readingUi().selected)?.id ?? "");
  const id = ids[(at + 1) % Math.max(1, ids.length)];
  const row = Object.values(useFindings.getState().rows).find((one) => one.id !== null && one.id === id);
  if (row) {
    void showFinding(row.key);
  }
}

const target = (): FindingRow | undefined => {
  const row = findingRow(readingUi().selected);
  return row?.correctionOf ? findingRow(row.correctionOf) : row;
};

const reviewable = () => {
  const row = target();
  return row !== undefined && mayJudge(row);
};

const idle = () => reviewable() && readingUi().correcting === null;

let underWay: { key: string; done: Promise<void> } | null = null;

/** Wait until no decision is under way; says whether it was about this very finding. */
async function settled(key: string): Promise<boolean> {
  let same = false;
  while (underWay) {
    same ||= underWay.key === key;
    await underWay.done.catch(() => undefined);
  }
  return same;
}

/**
 * Record a decision about the selected finding and go to the next undecided one. A key pressed while one is under way
 * decides neither the same finding twice nor the next one unseen: only a finding that the reviewer has chosen meanwhile
 * is decided after it.
 */
export async function decide(decision: Decision, reason: RejectReason | "" = "", remark = ""): Promise<void> {
  const row = target();
  if (!row || !mayJudge(row) || (await settled(row.key)) || target()?.key !== row.key) {
    return;
  }
  const order = shownKeys();
  const done = session.review(row.key, { decision, reason, remark }, saliencyIsShown());
  underWay = { key: row.key, done };
  await done.finally(() => {
    underWay = null;
  });
  const { selected } = readingUi();
  if (selected !== null && selected !== row.key && selected !== `correction:${row.key}`) {
    // The reviewer went on meanwhile.
    return;
  }
  setReadingUi({ dialog: null });
  const rest = undecided();
  const open = new Set((waitingForDecision().length > 0 ? waitingForDecision() : rest).map((one) => one.key));
  const at = order.indexOf(row.key);
  const next = [...order.slice(at + 1), ...order.slice(0, at)].find((key) => open.has(key));
  if (next) {
    await showFinding(next);
  } else {
    setReadingUi({ selected: row.key });
    say("All findings are decided. Ctrl Enter signs the case off.");
  }
}

/** Save the correction that is open; the server says why it cannot be saved. */
export async function saveCorrection(): Promise<void> {
  await decide("corrected");
}

export function beginCorrection(): void {
  const row = target();
  const key = row ? startCorrection(row.key) : null;
  if (row && key) {
    setReadingUi({
      correcting: key,
      selected: key,
      tab: "findings",
      tool: row.kind === "mask" ? "brush" : "select",
    });
    void showFinding(key);
  }
}

export function cancelCorrection(): void {
  const { correcting } = readingUi();
  if (correcting) {
    const original = findingRow(correcting)?.correctionOf ?? null;
    dropCorrection(correcting);
    setReadingUi({ correcting: null, selected: original });
  }
}

export const reviewActions: Action[] = [
  {
    id: "review.accept",
    group: "Review",
    label: "Accept the selected finding",
    keys: ["A"],
    when: idle,
    run: () => decide("accepted"),
    undoable: false,
  },
  {
    id: "review.correct",
    group: "Review",
    label: "Correct the selected finding",
    keys: ["C"],
    when: idle,
    run: beginCorrection,
    undoable: false,
  },
  {
    id: "review.save-correction",
    group: "Review",
    label: "Save the correction",
    keys: ["Enter"],
    when: () => mayReview() && readingUi().correcting !== null,
    run: saveCorrection,
    undoable: false,
  },
  {
    id: "review.cancel-correction",
    group: "Review",
    label: "Drop the correction",
    keys: ["Escape"],
    when: () => readingUi().correcting !== null,
    run: cancelCorrection,
    undoable: false,
  },
  {
    id: "review.next-disagreement",
    group: "Review",
    label: "Next disagreement of reader and model",
    keys: ["Shift+J"],
    when: () =>
      mayReview() && readingUi().correcting === null && reading().agreement.some((row) => row.disagrees),
    run: () => nextDisagreement(),
    undoable: false,
  },
  {
    id: "review.reject",
    group: "Review",
    label: "Reject the selected finding",
    keys: ["X"],
    when: idle,
    run: () => setReadingUi({ dialog: "reject" }),
    undoable: false,
  },
];
