import { pixelsIn } from "../../geometry/runs";
import type { RevisionOut } from "../../state/reading-types";
import { labelMeaning } from "../../viewer/findings-on-frame";

export const causeWords: Record<string, string> = {
  edit: "changed",
  delete: "deleted",
  restore: "restored",
  correction: "corrected",
  proposal: "proposed by the model",
  merge: "merged",
};

/** What one revision says differently from the one before it, in words. */
export function changesBetween(before: RevisionOut | undefined, after: RevisionOut): string[] {
  const now = after.content;
  if (!before) {
    const said = now.kind === "image_label" ? (now.present === false ? ": absent" : ": present") : "";
    return [now.label_key ? `as ${labelMeaning(now.label_key)}${said}` : "drawn"];
  }
  const was = before.content;
  const lines: string[] = [];
  if (was.label_key !== now.label_key) {
    lines.push(`label ${labelMeaning(was.label_key)} → ${labelMeaning(now.label_key)}`);
  }
  if (was.present !== now.present) {
    lines.push(now.present === null ? "answer taken back" : now.present ? "now present" : "now absent");
  }
  if (was.name !== now.name) {
    lines.push(`name “${was.name}” → “${now.name}”`);
  }
  if (was.text !== now.text) {
    lines.push("text changed");
  }
  if (was.color !== now.color) {
    lines.push("colour changed");
  }
  if (was.locked !== now.locked) {
    lines.push(now.locked ? "locked" : "unlocked");
  }
  if (JSON.stringify(was.geometry?.points) !== JSON.stringify(now.geometry?.points)) {
    lines.push("moved or reshaped");
  }
  const size = (revision: RevisionOut) =>
    (revision.content.mask?.frames ?? []).reduce((sum, frame) => sum + pixelsIn(frame.runs), 0);
  if (size(before) !== size(after)) {
    lines.push(`${size(before)} → ${size(after)} pixels`);
  }
  return lines;
}
