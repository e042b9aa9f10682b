import type { FrameFacts } from "../geometry/frame-facts";
import { figures } from "../geometry/measure";
import { type FramePixels, pixelsAtHand } from "./frame-pixels";
import type { StackFrame } from "./series-stack";

export interface PixelReader {
  /** The value a reader knows: HU, SUV, or the bare modality value; null outside the image, on padding, for colour. */
  valueAt(column: number, row: number): number | null;
  /** [red, green, blue] of a colour image. */
  colorAt(column: number, row: number): readonly [number, number, number] | null;
}

/** Unit that a reader sees, and the factor from modality values to it. */
export function shownUnit(frame: FrameFacts): { unit: string; factor: number } {
  if (frame.suv?.factor != null) {
    return { unit: frame.suv.unit, factor: frame.suv.factor };
  }
  return { unit: frame.valueUnit, factor: 1 };
}

/** The modality value of one sample; NaN where the image says that there is no image. */
function modalityValue(frame: StackFrame, pixels: FramePixels, index: number): number {
  const sample = pixels.samples[index] ?? Number.NaN;
  const { padding } = frame;
  if (pixels.range && padding && sample >= padding.low && sample <= padding.high) {
    return Number.NaN;
  }
  return sample * pixels.slope + pixels.intercept;
}

/** The modality values of a frame without its padding, thinned out to about 60 000. */
export function valuesOf(frame: StackFrame, pixels: FramePixels): number[] {
  const step = Math.max(1, Math.floor(pixels.samples.length / 60_000));
  const values: number[] = [];
  for (let i = 0; i < pixels.samples.length; i += step) {
    const value = modalityValue(frame, pixels, i);
    if (Number.isFinite(value)) {
      values.push(value);
    }
  }
  return values;
}

/** Pixel values of a frame that is at hand; null while it is not. */
export function pixelReader(frame: StackFrame): PixelReader | null {
  const pixels = pixelsAtHand(frame);
  if (!pixels) {
    return null;
  }
  const { factor } = shownUnit(frame);
  const inside = (column: number, row: number) =>
    column >= 0 && row >= 0 && column < frame.columns && row < frame.rows;
  return {
    valueAt(column, row) {
      if (!inside(column, row) || frame.color) {
        return null;
      }
      const value = modalityValue(frame, pixels, row * frame.columns + column);
      return Number.isNaN(value) ? null : value * factor;
    },
    colorAt(column, row) {
      if (!inside(column, row) || pixels.channels !== 3) {
        return null;
      }
      const step = pixels.samples.length >= frame.rows * frame.columns * 4 ? 4 : 3;
      const at = (row * frame.columns + column) * step;
      return [pixels.samples[at] ?? 0, pixels.samples[at + 1] ?? 0, pixels.samples[at + 2] ?? 0];
    },
  };
}

/** "(120, 88)  −57 HU" for the pixel under the cursor; empty outside. */
export function pixelText(frame: StackFrame, column: number, row: number): string {
  const reader = pixelReader(frame);
  const place = `(${column}, ${row})`;
  const color = reader?.colorAt(column, row);
  if (color) {
    return `${place}  R ${color[0]} G ${color[1]} B ${color[2]}`;
  }
  if (!reader || column < 0 || row < 0 || column >= frame.columns || row >= frame.rows) {
    return "";
  }
  const value = reader.valueAt(column, row);
  if (value === null) {
    return `${place}  no image here (padding)`;
  }
  const { unit, factor } = shownUnit(frame);
  // What the image's own maps make of the value stands beside it (an ADC in mm²/s, say).
  const also = frame.quantities.flatMap((one) => {
    const plain = value / factor;
    const held = (one.low === null || plain >= one.low) && (one.high === null || plain <= one.high);
    return held && one.unit !== unit ? [` = ${figures(plain * one.slope + one.intercept)} ${one.unit}`] : [];
  });
  return `${place}  ${figures(value)} ${unit || "(no unit)"}${also.join("")}`;
}
