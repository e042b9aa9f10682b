import type { Affine } from "./affine";
import type { ProvenSpacing } from "./frame-facts";

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

const sourceWords: Record<ProvenSpacing["source"], string> = {
  pixel_spacing: "Pixel Spacing",
  pixel_spacing_calibrated: "calibrated Pixel Spacing",
  imager_pixel_spacing: "at the detector",
  imager_pixel_spacing_magnification: "detector ÷ magnification",
  nominal_scanned_pixel_spacing: "on the scanned film",
  ultrasound_region: "ultrasound calibration",
  none: "no calibration",
};

/** A round length no longer than `room` CSS pixels; in mm only when the image proves its spacing, else in pixels. */
export function scaleBarOf(
  imageToCanvas: Affine,
  spacing: ProvenSpacing | null,
  room: number,
): ScaleBar | null {
  // Canvas pixels per image pixel when going horizontally on the screen.
  const { a, b, c, d } = imageToCanvas;
  const det = a * d - b * c;
  if (!Number.isFinite(det) || det === 0 || room < 10) {
    return null;
  }
  const column = d / det;
  const row = -b / det;
  if (!spacing) {
    const pixels = niceBelow(room * Math.hypot(column, row));
    return { length: pixels / Math.hypot(column, row), label: `${pixels} px`, source: "no calibration" };
  }
  const mmPerCanvas = Math.hypot(column * spacing.columnMm, row * spacing.rowMm);
  const mm = niceBelow(room * mmPerCanvas);
  return {
    length: mm / mmPerCanvas,
    label: mm >= 10 ? `${mm / 10} cm` : `${mm} mm`,
    source: sourceWords[spacing.source],
  };
}
