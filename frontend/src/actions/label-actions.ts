import { emptyContent } from "../geometry/content";
import { addFinding, changeContent, changeFindings, startCorrection } from "../state/reading-edits";
import { findingRow, useFindings } from "../state/reading-findings";
import { isOwn, mayAdd, mayChange, mayReview } from "../state/reading-may";
import type { FindingRow } from "../state/reading-rows";
import { reading, session } from "../state/reading-session";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import type { Action } from "./action";

export const imageLabels = () =>
  reading().workitem?.labels.filter((label) => !label.retired_at && label.uses.includes("image")) ?? [];

/** What a person has said of the whole image about a label: one's own word first; who does not read it sees the reader's. */
export function imageLabelRow(labelKey: string, rows = useFindings.getState().rows): FindingRow | undefined {
  const said = Object.values(rows).filter(
    (row) =>
      row.kind === "image_label" &&
      !row.byModel &&
      !row.deleted &&
      row.correctionOf === null &&
      row.content.label_key === labelKey,
  );
  const shown = reading().mode === "review" || !mayAdd();
  // Of two readers' answers the one that stands.
  const stands = said.find((row) => row.decision?.decision !== "rejected") ?? said[0];
  return said.find(isOwn) ?? (shown ? stands : undefined);
}

export type Answer = "present" | "absent" | "unknown";

export function answerOf(row: FindingRow | undefined): Answer {
  return row?.content.present === true ? "present" : row?.content.present === false ? "absent" : "unknown";
}

/** The answer of this person that was taken back before, so that answering again goes on with the same finding. */
function takenBack(labelKey: string): FindingRow | undefined {
  return Object.values(useFindings.getState().rows).find(
    (row) =>
      row.kind === "image_label" &&
      row.deleted &&
      row.id !== null &&
      row.correctionOf === null &&
      isOwn(row) &&
      row.content.label_key === labelKey,
  );
}

/** Answer for the first time, or otherwise, or take the answer back: a missing answer is a missing finding. */
function sayOwn(labelKey: string, row: FindingRow | undefined, answer: Answer): void {
  const label = "Image label";
  if (answer === "unknown") {
    if (row) {
      changeFindings([{ key: row.key, deleted: true }], { label });
    }
    return;
  }
  const present = answer === "present";
  const again = row ?? takenBack(labelKey);
  if (again) {
    changeFindings([{ key: again.key, content: { ...again.content, present }, deleted: false }], { label });
  } else {
    addFinding({ ...emptyContent("image_label", labelKey), present }, reading().me, label);
  }
}

/** The correction of an image label that is open now. */
function openCorrection(): FindingRow | undefined {
  const copy = findingRow(readingUi().correcting);
  return copy?.kind === "image_label" ? copy : undefined;
}

function correct(copy: FindingRow, answer: Answer): void {
  // A correction says what is true; whoever cannot tell rejects the finding instead.
  const present = answer === "unknown" ? copy.content.present !== true : answer === "present";
  changeContent(copy.key, { present }, { label: "Image label" });
}

/** Answer one label of the whole image; in review of another's answer: correct it. */
export function sayOfImage(labelKey: string, answer: Answer): void {
  const copy = openCorrection();
  if (copy) {
    if (copy.content.label_key === labelKey) {
      correct(copy, answer);
    } else {
      say("Another answer is being corrected: Enter saves it, Esc drops it.");
    }
    return;
  }
  const row = imageLabelRow(labelKey);
  if (row ? isOwn(row) && mayChange(row) : mayAdd()) {
    sayOwn(labelKey, row, answer);
  } else if (row && mayReview() && readingUi().correcting === null) {
    const key = startCorrection(row.key);
    const begun = findingRow(key);
    if (key && begun) {
      setReadingUi({ correcting: key, selected: key, tab: "findings" });
      correct(begun, answer);
      say("Enter saves the correction, Esc drops it.");
    }
  }
}

const following: Record<Answer, Answer> = { unknown: "present", present: "absent", absent: "unknown" };

/** What stands on the screen for a label now: the open correction's word, else what was said. */
export function shownAnswer(labelKey: string): Answer {
  const copy = openCorrection();
  return answerOf(copy?.content.label_key === labelKey ? copy : imageLabelRow(labelKey));
}

/** Whether a reviewer rejected what stands there, and nobody has answered anew. */
export const isAnswerRejected = (labelKey: string): boolean =>
  openCorrection()?.content.label_key !== labelKey &&
  imageLabelRow(labelKey)?.decision?.decision === "rejected";

/** One drew a label and answered that it is absent. */
export const isDrawnThoughAbsent = (labelKey: string): boolean =>
  shownAnswer(labelKey) === "absent" &&
  Object.values(useFindings.getState().rows).some(
    (row) => row.kind !== "image_label" && !row.deleted && isOwn(row) && row.content.label_key === labelKey,
  );

export function toggleImageLabel(labelKey: string): void {
  sayOfImage(labelKey, following[shownAnswer(labelKey)]);
}

/** Answer every label that the project asks for and that is not answered yet with "absent"; which, the server knows. */
export async function answerRestAbsent(): Promise<void> {
  await session.allNegative();
  const missing = reading().workitem?.answers.missing.length ?? 0;
  if (missing === 0) {
    const open = imageLabels().filter((label) => shownAnswer(label.key) === "unknown").length;
    say(
      open === 0
        ? "Every label is answered."
        : `All that the project asks for is answered; of ${open === 1 ? "one other label" : `${open} other labels`} nothing is said.`,
    );
  }
}

const canAnswer = () => mayAdd() || mayReview();

const numbered = (shift: boolean): Action[] =>
  Array.from({ length: 9 }, (_, index) => ({
    id: `image-label.${shift ? "absent." : ""}${index + 1}`,
    group: "Image labels" as const,
    label: () =>
      `${imageLabels()[index]?.code_meaning ?? "—"}: ${shift ? "absent" : "present, absent, not said"}`,
    keys: [`Alt+${shift ? "Shift+" : ""}${index + 1}`],
    when: () => canAnswer() && imageLabels()[index] !== undefined,
    run: () => {
      const label = imageLabels()[index];
      if (label) {
        if (shift) {
          sayOfImage(label.key, "absent");
        } else {
          toggleImageLabel(label.key);
        }
      }
    },
    undoable: true,
  }));

export const labelActions: Action[] = [
  ...numbered(false),
  ...numbered(true),
  {
    id: "image-label.all-absent",
    group: "Image labels",
    label: "All that is asked for and not answered: absent",
    keys: ["Alt+0"],
    when: () => reading().mode === "read" && mayAdd() && imageLabels().length > 0,
    run: answerRestAbsent,
    undoable: true,
  },
];
