/** Painting and erasing a mask, one stroke as one step of undo. */
import { emptyContent, type MaskFrame, type StoredMask } from "../geometry/content";
import { frameKey } from "../geometry/frame-facts";
import { isOn, maskFromRuns, paintStroke, runsFromMask } from "../geometry/runs";
import {
  addFinding,
  changeContent,
  type FindingRow,
  findingRow,
  useFindings,
} from "../state/reading-findings";
import { isEditable } from "../state/reading-may";
import { reading, shownKeys } from "../state/reading-session";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { mayDraw } from "./draw-gestures";
import { colorOf, labelForKind, paintedOn } from "./findings-on-frame";
import type { Bench, Gesture, Spot } from "./gesture";
import { WorkingMask } from "./paint-masks";
import type { StackFrame } from "./series-stack";

function fits(row: FindingRow | undefined, frame: StackFrame, seriesUid: string): row is FindingRow {
  const mask = row?.content.mask;
  return (
    isEditable(row) &&
    row.kind === "mask" &&
    (!mask ||
      (mask.series_instance_uid === seriesUid && mask.rows === frame.rows && mask.columns === frame.columns))
  );
}

/** The mask a stroke goes to: the correction, the selected mask, the one under the eraser, or one of the same label. */
function targetOf(frame: StackFrame, seriesUid: string, erasing: boolean, at: Spot): FindingRow | undefined {
  const { correcting, selected } = readingUi();
  const labelKey = labelForKind("mask");
  const chosen = findingRow(correcting ?? selected);
  if (fits(chosen, frame, seriesUid) && (correcting || erasing || chosen.content.label_key === labelKey)) {
    return chosen;
  }
  if (erasing) {
    const index = Math.round(at.image[1]) * frame.columns + Math.round(at.image[0]);
    const under = paintedOn(frame).filter((mask) => fits(mask.row, frame, seriesUid));
    return (under.find((mask) => isOn(mask.frame.runs, index)) ?? under[0])?.row;
  }
  const { rows } = useFindings.getState();
  return shownKeys()
    .map((key) => rows[key])
    .find((row) => fits(row, frame, seriesUid) && row.content.label_key === labelKey);
}

function withFrame(mask: StoredMask, frame: StackFrame, runs: number[]): StoredMask {
  const key = frameKey(frame);
  const others = mask.frames.filter((one) => `${one.sop_instance_uid}/${one.frame_number}` !== key);
  const mine: MaskFrame[] =
    runs.length > 0
      ? [{ sop_instance_uid: frame.sopInstanceUid, frame_number: frame.frameNumber, runs }]
      : [];
  return { ...mask, frames: [...others, ...mine] };
}

export function brushGesture(bench: Bench, erasing: boolean, start: Spot): Gesture | null {
  const { controller, layers } = bench;
  const { frame, stack } = controller.getView();
  if (!frame || !stack || !mayDraw("mask")) {
    return null;
  }
  const target = targetOf(frame, stack.seriesUid, erasing, start);
  if (erasing && !target) {
    return null;
  }
  const { rows, columns } = frame;
  const { brushRadius: radius } = readingUi();
  const labelKey = labelForKind("mask");
  if (!target && labelKey === null) {
    say("This project has no label for painting. Ask an admin to add one.");
    return null;
  }
  const blank = emptyContent("mask", labelKey);
  const content = target?.content ?? blank;
  const key = frameKey(frame);
  const before = content.mask?.frames.find((one) => `${one.sop_instance_uid}/${one.frame_number}` === key);
  const working = new WorkingMask(
    target?.key ?? null,
    frame.imageId,
    maskFromRuns(before?.runs ?? [], rows * columns),
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
  layers.working = working;
  dab(start);
  return {
    move: dab,
    end() {
      layers.working = null;
      const mask = withFrame(
        content.mask ?? { series_instance_uid: stack.seriesUid, rows, columns, frames: [] },
        frame,
        runsFromMask(working.pixels),
      );
      if (target) {
        changeContent(target.key, { mask }, { label: erasing ? "Erase" : "Paint" });
      } else if (mask.frames.length > 0) {
        const added = addFinding({ ...blank, mask }, reading().me, "Paint");
        setReadingUi({ selected: added, tab: "findings" });
      }
      layers.redraw();
    },
    cancel() {
      layers.working = null;
      layers.redraw();
    },
  };
}
