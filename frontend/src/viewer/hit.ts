/** What lies under the pointer. */
import { scaleOf, toCanvas } from "../geometry/affine";
import { distance, imagePoint } from "../geometry/points";
import { isOn } from "../geometry/runs";
import { distanceToLine } from "../geometry/shapes";
import type { FindingRow } from "../state/reading-rows";
import { reading } from "../state/reading-session";
import { readingUi } from "../state/reading-ui";
import { type DrawnFinding, drawnOn, paintedOn } from "./findings-on-frame";
import type { Spot } from "./gesture";
import { shapeOf } from "./shape-kinds";
import type { ViewportController } from "./viewport-controller";

const handleReach = 8;
const lineReach = 7;

export interface Hit {
  row: FindingRow;
  drawn: DrawnFinding | null;
  /** Index of the point under the pointer, when the finding is selected. */
  handle: number | null;
}

/** The finding under the pointer: handles of the selected one first, then lines, then masks. */
export function hitAt(controller: ViewportController, spot: Spot): Hit | null {
  const { frame, imageToCanvas } = controller.getView();
  if (!frame) {
    return null;
  }
  const drawn = drawnOn(frame);
  const { selected } = readingUi();
  const chosen = drawn.find((one) => one.row.key === selected);
  if (chosen) {
    const handle = shapeOf(chosen.kind)
      .handles(chosen.points)
      .findIndex((point) => distance(toCanvas(imageToCanvas, point), spot.canvas) <= handleReach);
    if (handle >= 0) {
      return { row: chosen.row, drawn: chosen, handle };
    }
  }
  const reach = lineReach / (scaleOf(imageToCanvas) || 1);
  let best: Hit | null = null;
  let least = reach;
  for (const one of drawn) {
    const shape = shapeOf(one.kind);
    const off = distanceToLine(shape.outline(one.points), shape.area, spot.image);
    if (off <= least) {
      least = off;
      best = { row: one.row, drawn: one, handle: null };
    }
  }
  if (best) {
    return best;
  }
  const column = Math.round(spot.image[0]);
  const row = Math.round(spot.image[1]);
  if (column < 0 || row < 0 || column >= frame.columns || row >= frame.rows) {
    return null;
  }
  const painted = paintedOn(frame)
    .reverse()
    .find((mask) => isOn(mask.frame.runs, row * mask.columns + column));
  return painted ? { row: painted.row, drawn: null, handle: null } : null;
}

/** The comment whose pin is under the pointer. */
export function pinAt(controller: ViewportController, spot: Spot): string | null {
  const { frame, imageToCanvas } = controller.getView();
  for (const comment of reading().comments) {
    const { pin } = comment;
    if (
      frame &&
      pin &&
      pin.sop_instance_uid === frame.sopInstanceUid &&
      pin.frame_number === frame.frameNumber
    ) {
      const at = toCanvas(imageToCanvas, imagePoint(pin.point[0], pin.point[1]));
      if (Math.hypot(at[0] - spot.canvas[0], at[1] - 12 - spot.canvas[1]) < 12) {
        return comment.id;
      }
    }
  }
  return null;
}
