import { emptyContent } from "../geometry/content";
import { addFinding, changeFindings, type FindingRow, useFindings } from "../state/reading-findings";
import { canEdit, reading } from "../state/reading-session";
import type { Action } from "./action";

export const imageLabels = () =>
  reading().workitem?.labels.filter((label) => !label.retired_at && label.uses.includes("image")) ?? [];

/** What this reader has said of the whole image about a label. */
export function imageLabelRow(labelKey: string, rows = useFindings.getState().rows): FindingRow | undefined {
  return Object.values(rows).find(
    (row) =>
      row.kind === "image_label" &&
      !row.byModel &&
      !row.deleted &&
      row.correctionOf === null &&
      row.content.label_key === labelKey,
  );
}

export type Answer = "present" | "absent" | "unknown";

export function answerOf(row: FindingRow | undefined): Answer {
  return row?.content.present === true ? "present" : row?.content.present === false ? "absent" : "unknown";
}

export function sayOfImage(labelKey: string, answer: Answer): void {
  if (!canEdit()) {
    return;
  }
  const row = imageLabelRow(labelKey);
  const present = answer === "present" ? true : answer === "absent" ? false : null;
  if (row) {
    changeFindings([{ key: row.key, content: { ...row.content, present } }], { label: "Image label" });
  } else if (present !== null) {
    addFinding({ ...emptyContent("image_label", labelKey), present }, reading().me, "Image label");
  }
}

const following: Record<Answer, Answer> = { unknown: "present", present: "absent", absent: "unknown" };

export function toggleImageLabel(labelKey: string): void {
  sayOfImage(labelKey, following[answerOf(imageLabelRow(labelKey))]);
}

export const labelActions: Action[] = Array.from({ length: 9 }, (_, index) => ({
  id: `image-label.${index + 1}`,
  group: "Image labels" as const,
  label: () => `${imageLabels()[index]?.code_meaning ?? "—"}: present, absent, unknown`,
  keys: [`Alt+${index + 1}`],
  when: () => canEdit() && imageLabels()[index] !== undefined,
  run: () => {
    const label = imageLabels()[index];
    if (label) {
      toggleImageLabel(label.key);
    }
  },
  undoable: true,
}));
