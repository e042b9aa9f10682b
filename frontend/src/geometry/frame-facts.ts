import type { FramePlane } from "./plane";

/** Which attribute proves a distance of pixels; the words are the server's. */
export type SpacingSource =
  | "pixel_spacing"
  | "pixel_spacing_calibrated"
  | "imager_pixel_spacing"
  | "imager_pixel_spacing_magnification"
  | "nominal_scanned_pixel_spacing"
  | "ultrasound_region"
  | "none";

/** Millimetres between pixels, and which attribute proves it. */
export interface ProvenSpacing {
  rowMm: number;
  columnMm: number;
  source: SpacingSource;
}

export type VoiFunction = "LINEAR" | "LINEAR_EXACT" | "SIGMOID";

/** A way to look at modality values that the image itself offers: a window, or a table (PS3.3 C.11.2). */
export interface VoiChoice {
  name: string;
  center: number | null;
  width: number | null;
  function: VoiFunction;
  /** Index in the image's VOI LUT Sequence; null for a window. */
  table: number | null;
  first: number | null;
  entries: number | null;
  bits: number | null;
}

export interface OverlayFacts {
  group: number;
  rows: number;
  columns: number;
  /** Row and column of its first pixel in the image, from 1. */
  origin: [number, number];
  overlay_type: "G" | "R";
  label: string;
}

/** What the server found out of one frame; nothing here is derived in the browser. */
export interface FrameFacts {
  sopInstanceUid: string;
  frameNumber: number;
  instanceNumber: number;
  rows: number;
  columns: number;
  modality: string;
  color: boolean;
  /** How the pixels are sent: samples as stored, modality values, or RGB. */
  delivery: "stored" | "values" | "rgb";
  plane: FramePlane | null;
  spacing: ProvenSpacing | null;
  /** Height and width of a pixel, for drawing. */
  aspect: [number, number];
  voi: VoiChoice[];
  /** Small values are shown bright. */
  inverted: boolean;
  /** Unit of modality values: HU, BQML, "" … */
  valueUnit: string;
  slope: number;
  intercept: number;
  /** SUVbw per modality value, or null. */
  suvFactor: number | null;
  /** Stored values, both inclusive, that are no image. */
  padding: { low: number; high: number } | null;
  overlays: OverlayFacts[];
  framesPerSecond: number | null;
}

export const frameKey = (frame: { sopInstanceUid: string; frameNumber: number }): string =>
  `${frame.sopInstanceUid}/${frame.frameNumber}`;
