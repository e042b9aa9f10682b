import type { Affine } from "./affine";
import { lengthScale, type Spacing } from "./spacing";

export interface ScaleBar {
  /** On screen, CSS pixels. */
  length: number;
  label: string;
  source: string;
}

function niceBelow(limit: number): number {
  const power = 10 ** Math.floor(Math.log10(limit));
  const step = [5, 2, 1].find((factor) => factor * power <= limit) ?? 1;
  return step * power;
}

/** A round length no longer than `room` CSS pixels across the screen, with where it comes from. */
export function scaleBarOf(imageToCanvas: Affine, spacing: Spacing, room: number): ScaleBar | null {
  // Image pixels in one canvas pixel when going horizontally on the screen.
  const { a, b, c, d } = imageToCanvas;
  const det = a * d - b * c;
  if (!Number.isFinite(det) || det === 0 || room < 10) {
    return null;
  }
  const scale = lengthScale(spacing);
  const perCanvas = Math.hypot((d / det) * scale.column, (-b / det) * scale.row);
  const size = niceBelow(room * perCanvas);
  return {
    length: size / perCanvas,
    label: scale.unit === "mm" && size >= 10 ? `${size / 10} cm` : `${size} ${scale.unit}`,
    source: scale.words,
  };
}
