import type { ImagePoint } from "./points";

type Pair = readonly [number, number];

/** A calibrated rectangle of an ultrasound image: corners in pixels, inclusive; no spacing where it is no picture of space. */
export interface SpacingRegion {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  spacing_mm: Pair | null;
  low_priority: boolean;
}

/** What the distance of a frame's pixels is, as the server found out (imaging/dicom/spacing.py). */
export interface Spacing {
  /** Between rows, and between columns; null where no one spacing is proven for the whole frame. */
  mm: Pair | null;
  source: string;
  /** The source as a reader is told it. */
  words: string;
  /** Height and width of a pixel in any common unit. */
  aspect: Pair;
  /** Uppermost first. */
  regions: readonly SpacingRegion[];
}

const holds = (region: SpacingRegion, [column, row]: ImagePoint) =>
  region.x0 - 0.5 <= column && column <= region.x1 + 0.5 && region.y0 - 0.5 <= row && row <= region.y1 + 0.5;

const alike = (one: Pair, other: Pair) =>
  one.every(
    (value, index) => Math.abs(value - (other[index] ?? 0)) <= 1e-4 * Math.max(value, other[index] ?? 0),
  );

/** The spacing that holds for a shape: of the ultrasound region under all its points, where there are regions. */
export function spacingUnder(spacing: Spacing, points: readonly ImagePoint[]): Spacing {
  const { regions, aspect } = spacing;
  if (regions.length === 0) {
    return spacing;
  }
  const upper = points.map((point) => regions.find((region) => holds(region, point)) ?? null);
  const holder = regions.find((region) => points.every((point) => holds(region, point)));
  const mm = holder?.spacing_mm;
  if (mm && upper.every((region) => region?.spacing_mm && alike(region.spacing_mm, mm))) {
    return { mm, source: "ultrasound_region", words: "ultrasound region", aspect: mm, regions: [] };
  }
  const why = upper.every((region) => region === null)
    ? "outside the calibrated region"
    : holder && upper.every((region) => region && !region.spacing_mm)
      ? "this region is not a picture of space"
      : "across regions";
  const square = Math.abs(aspect[0] - aspect[1]) <= 1e-4 * Math.max(...aspect);
  return {
    mm: null,
    source: square ? "none" : "pixel_aspect_ratio",
    words: square ? why : `${why}, in pixel widths`,
    aspect,
    regions: [],
  };
}

/** Lengths on an image: a step of one row and of one column in `unit`, and where that comes from. */
export interface LengthScale {
  row: number;
  column: number;
  unit: "mm" | "px";
  source: string;
  words: string;
}

/** How pixels become lengths. Without millimetres the unit is the width of a pixel, so that a square is a square. */
export function lengthScale({ mm, aspect, source, words }: Spacing): LengthScale {
  return mm
    ? { row: mm[0], column: mm[1], unit: "mm", source, words }
    : { row: aspect[0] / aspect[1], column: 1, unit: "px", source, words };
}
