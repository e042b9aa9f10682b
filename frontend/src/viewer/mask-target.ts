/** Which mask a stroke or an area goes to: the label's own, never another label's. */
import { emptyContent, type MaskFrame, type StoredMask } from "../geometry/content";
import { frameKey } from "../geometry/frame-facts";
import { maskFromRuns, runsFromMask } from "../geometry/runs";
import { paintedLabel } from "../state/active-label";
import { addFinding, changeContent, changeFindings } from "../state/reading-edits";
import { findingRow, useFindings } from "../state/reading-findings";
import { isEditable, mayChange } from "../state/reading-may";
import type { FindingRow } from "../state/reading-rows";
import { reading, shownKeys } from "../state/reading-session";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { labelMeaning } from "./findings-on-frame";
import type { Place } from "./gesture";

export type Target = { row: FindingRow } | { fresh: string } | { problem: string };

/** Whether the mask lies on the images of this place. */
export function liesHere(row: FindingRow | undefined, { frame, seriesUid }: Place): row is FindingRow {
  const mask = row?.content.mask;
  return (
    row?.kind === "mask" &&
    !row.deleted &&
    (!mask ||
      (mask.series_instance_uid === seriesUid && mask.rows === frame.rows && mask.columns === frame.columns))
  );
}

export const lockedWords = (row: FindingRow): string =>
  `“${row.content.name || labelMeaning(row.content.label_key)}” is locked. Unlock it (Shift L) to change it.`;

function ofLabel(place: Place, labelKey: string): Target {
  const { rows } = useFindings.getState();
  const mine = shownKeys().flatMap((key) => {
    const row = rows[key];
    return row && liesHere(row, place) && mayChange(row) && row.content.label_key === labelKey ? [row] : [];
  });
  const open =
    mine.find((row) => row.key === readingUi().selected && isEditable(row)) ?? mine.find(isEditable);
  const locked = mine[0];
  return open ? { row: open } : locked ? { problem: lockedWords(locked) } : { fresh: labelKey };
}

/** The mask that the brush paints here. */
export function paintTarget(place: Place): Target {
  const { correcting, selected, labelKey } = readingUi();
  const corrected = findingRow(correcting);
  if (corrected) {
    return liesHere(corrected, place)
      ? { row: corrected }
      : { problem: "The segmentation that you correct lies on another series. Go there to paint." };
  }
  const chosen = findingRow(selected);
  if (labelKey === null && liesHere(chosen, place) && mayChange(chosen)) {
    return isEditable(chosen) ? { row: chosen } : { problem: lockedWords(chosen) };
  }
  const choice = paintedLabel();
  return "problem" in choice
    ? choice
    : choice.key === null
      ? { problem: "A segmentation needs a label. Choose one under “Draw as”." }
      : ofLabel(place, choice.key);
}

export const runsOn = (mask: StoredMask | null, frame: Place["frame"]): readonly number[] =>
  mask?.frames.find((one) => `${one.sop_instance_uid}/${one.frame_number}` === frameKey(frame))?.runs ?? [];

function withFrame(mask: StoredMask, frame: Place["frame"], runs: number[]): StoredMask {
  const key = frameKey(frame);
  const others = mask.frames.filter((one) => `${one.sop_instance_uid}/${one.frame_number}` !== key);
  const mine: MaskFrame[] =
    runs.length > 0
      ? [{ sop_instance_uid: frame.sopInstanceUid, frame_number: frame.frameNumber, runs }]
      : [];
  return { ...mask, frames: [...others, ...mine] };
}

/**
 * Let a mask have these pixels on one frame, as one step of undo. A mask without a pixel is no finding: it is deleted.
 *
 * `target` is the row as it was when the gesture began.
 */
export function keepPixels(
  { frame, seriesUid }: Place,
  target: Exclude<Target, { problem: string }>,
  pixels: Uint8Array,
  label: string,
): void {
  const { rows, columns } = frame;
  const blank: StoredMask = { series_instance_uid: seriesUid, rows, columns, frames: [] };
  const before = "row" in target ? (target.row.content.mask ?? blank) : blank;
  const mask = withFrame(before, frame, runsFromMask(pixels));
  if (mask.frames.length === 0) {
    if ("row" in target && target.row.correctionOf) {
      say("Nothing of the segmentation is left. Press X to reject the finding instead.");
    } else if ("row" in target) {
      changeFindings([{ key: target.row.key, deleted: true, from: target.row }], { label });
      setReadingUi({ selected: null });
      say("Erased to nothing, so the segmentation is deleted. Ctrl Z brings it back.");
    }
    return;
  }
  if ("row" in target) {
    changeContent(target.row.key, { mask }, { label, from: target.row });
  } else {
    const key = addFinding({ ...emptyContent("mask", target.fresh), mask }, reading().me, label);
    setReadingUi({ selected: key, tab: "findings" });
  }
}

/** Add pixels to the own mask of a label. */
export function addToMask(place: Place, labelKey: string, pixels: Uint8Array, label: string): void {
  const target = ofLabel(place, labelKey);
  if ("problem" in target) {
    say(target.problem);
    return;
  }
  if ("row" in target) {
    const known = maskFromRuns(runsOn(target.row.content.mask, place.frame), pixels.length);
    known.forEach((on, at) => {
      if (on) {
        pixels[at] = 1;
      }
    });
  }
  keepPixels(place, target, pixels, label);
  say(`Added to the segmentation “${labelMeaning(labelKey)}”: this label is for painting.`);
}
