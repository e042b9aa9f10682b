/** Another series laid onto this one: blended in colour, alone, in turns of squares, or how sure its place is. */
import { type Affine, cornerBased } from "../geometry/affine";
import { type Registration, shownRegistration, useRegistration } from "../state/reading-registration";
import { shownUnit } from "./pixel-values";
import { errorColors, fusionColors, type Look, pictureOn } from "./registration-pictures";
import type { StackFrame } from "./series-stack";
import type { ViewState } from "./view-state";

const squares = 8;

/** The alignment that lies over a frame now. */
export const registrationOver = (frame: StackFrame): Registration | undefined => {
  const one = shownRegistration();
  const over = one?.state === "finished" && one.fixed.series_instance_uid === frame.path.split("/")[3];
  return over ? one : undefined;
};

/** Up to where millimetres have colours of their own. */
export const errorMost = (one: Registration): number =>
  Math.max(2, Math.ceil(2 * (one.numbers?.inconsistency_mm_p95 ?? 1)));

/** CT is shown in the window on the screen, whose unit is the same; others in the range of their own values. */
export const sharesWindow = (one: Registration): boolean =>
  one.fixed.modality === "CT" && one.moving.modality === "CT";

function greyRange(one: Registration, view: ViewState, frame: StackFrame): { low: number; high: number } {
  if (sharesWindow(one)) {
    const { factor } = shownUnit(frame);
    const [center, width] = [view.windowCenter / factor, view.windowWidth / factor];
    return { low: center - width / 2, high: center + width / 2 };
  }
  return { low: one.moved_range?.low ?? 0, high: one.moved_range?.high ?? 1 };
}

export function paintRegistration(
  context: CanvasRenderingContext2D,
  view: ViewState,
  dpr: number,
  frame: StackFrame,
): string {
  const one = registrationOver(frame);
  if (!one) {
    return "";
  }
  const { way, opacity, alone } = useRegistration.getState();
  const grey: Look = {
    ...greyRange(one, view, frame),
    colors: null,
    opaque: true,
    inverted: view.inverted !== frame.inverted,
  };
  const shown = alone ? "alone" : way;
  const picture =
    shown === "error"
      ? pictureOn(one, "inconsistency", frame, {
          low: 0,
          high: errorMost(one),
          colors: errorColors,
          opaque: false,
          inverted: false,
        })
      : pictureOn(one, "moved", frame, shown === "fusion" ? fused(grey) : grey);
  if (!picture) {
    return "";
  }
  const m = cornerBased(view.imageToCanvas as Affine);
  context.save();
  context.setTransform(m.a * dpr, m.b * dpr, m.c * dpr, m.d * dpr, m.e * dpr, m.f * dpr);
  context.imageSmoothingEnabled = shown !== "error";
  context.globalAlpha = shown === "fusion" || shown === "error" ? opacity : 1;
  if (shown === "checkerboard") {
    clipSquares(context, frame);
  }
  context.drawImage(picture, 0, 0);
  context.restore();
  return shown;
}

const fused = (grey: Look): Look => ({ ...grey, colors: fusionColors, opaque: false, inverted: false });

/** Every other square of the image, the same for every zoom. */
function clipSquares(context: CanvasRenderingContext2D, frame: StackFrame): void {
  const side = Math.max(4, Math.round(Math.min(frame.columns, frame.rows) / squares));
  context.beginPath();
  for (let row = 0; row * side < frame.rows; row += 1) {
    for (let column = row % 2; column * side < frame.columns; column += 2) {
      context.rect(column * side, row * side, side, side);
    }
  }
  context.clip();
}
