/** Painting and erasing a mask, one stroke as one step of undo. */
import { emptyContent } from "../geometry/content";
import { isOn, maskFromRuns, paintStroke } from "../geometry/runs";
import { findingRow } from "../state/reading-findings";
import { isEditable, mayChange } from "../state/reading-may";
import { readingUi, say } from "../state/reading-ui";
import { mayDraw, showDrawings } from "./commit-shape";
import { colorOf, paintedOn } from "./findings-on-frame";
import type { Bench, Gesture, Place, Spot } from "./gesture";
import { keepPixels, liesHere, lockedWords, paintTarget, runsOn, type Target } from "./mask-target";
import { WorkingMask } from "./paint-masks";

/** The mask the eraser works on: the corrected or selected one, else the one under it. */
function erased(place: Place, at: Spot): Target {
  const { correcting, selected } = readingUi();
  const chosen = findingRow(correcting ?? selected);
  if (liesHere(chosen, place) && isEditable(chosen)) {
    return { row: chosen };
  }
  const { frame } = place;
  const index = Math.round(at.image[1]) * frame.columns + Math.round(at.image[0]);
  const here = paintedOn(frame)
    .filter((mask) => liesHere(mask.row, place) && mayChange(mask.row))
    .reverse();
  const under = here.find((mask) => isOn(mask.frame.runs, index)) ?? here[0];
  if (!under) {
    return { problem: "There is no segmentation of yours to erase on this image." };
  }
  return isEditable(under.row) ? { row: under.row } : { problem: lockedWords(under.row) };
}

export function brushGesture(bench: Bench, place: Place, erasing: boolean, start: Spot): Gesture | null {
  const { layers } = bench;
  const { frame } = place;
  if (!mayDraw("mask")) {
    return null;
  }
  if (erasing) {
    showDrawings();
  }
  const target = erasing ? erased(place, start) : paintTarget(place);
  if ("problem" in target) {
    say(target.problem);
    return null;
  }
  const { rows, columns } = frame;
  const { brushRadius: radius } = readingUi();
  const content = "row" in target ? target.row.content : emptyContent("mask", target.fresh);
  showDrawings("row" in target ? target.row.key : null);
  const working = new WorkingMask(
    "row" in target ? target.row.key : null,
    frame.imageId,
    maskFromRuns(runsOn(content.mask, frame), rows * columns),
    rows,
    columns,
    colorOf(content),
  );
  let last = start.image;
  const dab = (spot: Spot) => {
    paintStroke(working.pixels, rows, columns, last, spot.image, radius, !erasing);
    working.refresh(
      Math.min(last[0], spot.image[0]) - radius,
      Math.min(last[1], spot.image[1]) - radius,
      Math.max(last[0], spot.image[0]) + radius,
      Math.max(last[1], spot.image[1]) + radius,
    );
    last = spot.image;
    layers.redraw();
  };
  const clear = () => {
    layers.working = null;
    layers.redraw();
  };
  layers.working = working;
  dab(start);
  return {
    place,
    move: dab,
    end() {
      keepPixels(place, target, working.pixels, erasing ? "Erase" : "Paint");
      clear();
    },
    cancel: clear,
  };
}
