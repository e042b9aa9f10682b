/** Makes a finding of what was drawn, on the frame on which it was drawn. */

import { geometryFromImage } from "../geometry/bridge";
import { type DrawnKind, emptyContent, type FindingKind } from "../geometry/content";
import type { ImagePoint } from "../geometry/points";
import { areaLabel, type LabelChoice, measureLabel } from "../state/active-label";
import { addFinding, changeContent } from "../state/reading-edits";
import { findingRow, useFindings } from "../state/reading-findings";
import { mayAdd } from "../state/reading-may";
import { reading } from "../state/reading-session";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { labelMeaning } from "./findings-on-frame";
import type { Place } from "./gesture";
import type { ShapeKind } from "./kind";
import { addToMask } from "./mask-target";
import { kindOf, shapeOf } from "./shape-kinds";

/** Whether something new may be drawn; says why not. */
export function mayDraw(kind: FindingKind): boolean {
  const correcting = findingRow(readingUi().correcting);
  if (correcting) {
    if (correcting.kind === kind) {
      return true;
    }
    const word = kindOf(correcting.kind).word.toLowerCase();
    say(`The correction stays a ${word}. Reject the finding if it should be something else.`);
    return false;
  }
  if (!mayAdd()) {
    const { mode, workitem } = reading();
    say(
      mode === "review"
        ? "In review, press C to correct the selected finding."
        : `This case is ${workitem?.state ?? "not loaded"}; findings cannot be changed.`,
    );
    return false;
  }
  return true;
}

/** Nothing is drawn unseen: what was hidden as a whole is shown again. */
export function showDrawings(key: string | null = null): void {
  const { allHidden, hidden } = readingUi();
  if (allHidden) {
    setReadingUi({ allHidden: false });
    say("Findings are shown again, so that you see what you draw.");
  }
  if (key && hidden.has(key)) {
    setReadingUi({ hidden: new Set([...hidden].filter((other) => other !== key)) });
  }
}

const labelOf = (shape: ShapeKind): LabelChoice => (shape.area ? areaLabel() : measureLabel());

/** What the sketch of a shape looks like before it is kept. */
export const sketchedLabel = (kind: DrawnKind): string | null => {
  const correcting = findingRow(readingUi().correcting);
  const choice = labelOf(shapeOf(kind));
  return correcting ? correcting.content.label_key : "key" in choice ? choice.key : null;
};

const answeredAbsent = (key: string): boolean =>
  Object.values(useFindings.getState().rows).some(
    ({ kind, deleted, content }) =>
      kind === "image_label" && !deleted && content.label_key === key && content.present === false,
  );

/** Say under which label it was drawn where that is not plain: by default, or against one's own answer. */
function sayLabel(key: string | null): void {
  if (key !== null && mayAdd() && answeredAbsent(key)) {
    say(`Drawn as “${labelMeaning(key)}”, which is answered absent. Only one of the two can be right.`);
    return;
  }
  const labels = reading().workitem?.labels.filter((label) => label.uses.includes("region")) ?? [];
  if (key !== null && readingUi().labelKey === null && labels.length > 1) {
    say(`Drawn as “${labelMeaning(key)}”. Shift and a number choose another label.`);
  }
}

/** Store the points as a finding (or as the new outline of the correction) and select it. */
export function commitShape(
  { frame, seriesUid }: Place,
  kind: DrawnKind,
  points: readonly ImagePoint[],
  text = "",
): void {
  if (!mayDraw(kind)) {
    return;
  }
  const shape = shapeOf(kind);
  const fault = shape.fault(points, frame);
  if (fault) {
    say(fault);
    return;
  }
  const geometry = geometryFromImage(frame, points);
  const { correcting } = readingUi();
  if (correcting) {
    changeContent(correcting, { geometry }, { label: `Redraw ${shape.word.toLowerCase()}` });
    return;
  }
  const choice = labelOf(shape);
  if ("problem" in choice) {
    say(choice.problem);
    return;
  }
  showDrawings();
  if (choice.use === "segment" && choice.key !== null) {
    const pixels = new Uint8Array(frame.rows * frame.columns);
    shape.eachPixel(points, frame.rows, frame.columns, (column, row) => {
      pixels[row * frame.columns + column] = 1;
    });
    addToMask({ frame, seriesUid }, choice.key, pixels, shape.word);
    return;
  }
  const content = { ...emptyContent(kind, choice.key), geometry, text };
  const key = addFinding(content, reading().me, shape.word);
  setReadingUi({ selected: key, tab: "findings" });
  sayLabel(choice.key);
}
