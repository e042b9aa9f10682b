import { cache } from "@cornerstonejs/core";
import type { FrameFacts } from "../geometry/frame-facts";
import { written } from "../geometry/measure";
import type { StackFrame } from "./series-stack";

export interface PixelReader {
  /** The value a reader knows: HU, SUV, or as stored after rescale; null outside the image and for colour. */
  valueAt(column: number, row: number): number | null;
  /** [red, green, blue] of a colour image. */
  colorAt(column: number, row: number): readonly [number, number, number] | null;
  values: ArrayLike<number>;
}

/** Unit that a reader sees, and the factor from rescaled values to it. */
export function shownUnit(frame: FrameFacts): { unit: string; factor: number } {
  if (frame.suv?.factor != null) {
    return { unit: frame.suv.unit, factor: frame.suv.factor };
  }
  return { unit: frame.valueUnit, factor: 1 };
}

/** Pixel values of a frame that is in the cache; null while it is not. */
export function pixelReader(frame: StackFrame): PixelReader | null {
  const image = cache.getImage(frame.imageId);
  if (!image) {
    return null;
  }
  const values = image.voxelManager?.getScalarData() ?? image.getPixelData();
  const samples = Math.max(1, Math.round(values.length / (frame.rows * frame.columns)));
  const scaled = image.preScale?.scaled === true;
  const { factor } = shownUnit(frame);
  const slope = scaled ? 1 : frame.slope;
  const intercept = scaled ? 0 : frame.intercept;
  const inside = (column: number, row: number) =>
    column >= 0 && row >= 0 && column < frame.columns && row < frame.rows;
  return {
    values,
    valueAt(column, row) {
      if (!inside(column, row) || frame.color) {
        return null;
      }
      const value = values[row * frame.columns + column];
      return value === undefined ? null : (value * slope + intercept) * factor;
    },
    colorAt(column, row) {
      if (!inside(column, row) || samples < 3) {
        return null;
      }
      const at = (row * frame.columns + column) * samples;
      return [values[at] ?? 0, values[at + 1] ?? 0, values[at + 2] ?? 0];
    },
  };
}

/** "−57 HU · 120, 88" for the pixel under the cursor; empty outside. */
export function pixelText(frame: StackFrame, column: number, row: number): string {
  const reader = pixelReader(frame);
  const place = `(${column}, ${row})`;
  const color = reader?.colorAt(column, row);
  if (color) {
    return `${place}  R ${color[0]} G ${color[1]} B ${color[2]}`;
  }
  const value = reader?.valueAt(column, row);
  if (value === null || value === undefined) {
    return "";
  }
  const { unit } = shownUnit(frame);
  return `${place}  ${Number.isInteger(value) ? value : written(value)} ${unit || "stored value"}`;
}
