import type { EdgeLetters } from "./orientation";
import type { FramePlane } from "./plane";
import type { Spacing } from "./spacing";

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

/** quantity = slope × modality value + intercept, for modality values from `low` to `high`. */
export interface Quantity {
  unit: string;
  label: string;
  slope: number;
  intercept: number;
  low: number | null;
  high: number | null;
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
  spacing: Spacing;
  /** What the edges of the stored picture point to; null where nothing says it. */
  edges: EdgeLetters | null;
  /** R, L, B or U of a paired body part; "" where it is not said. */
  laterality: string;
  voi: VoiChoice[];
  /** Small values are shown bright. */
  inverted: boolean;
  /** Unit of modality values: HU, Bq/ml … "" where nothing proves one. */
  valueUnit: string;
  slope: number;
  intercept: number;
  /** For PET: uptake = factor × modality value, or why there is none. */
  suv: { factor: number | null; unit: string; words: string } | null;
  /** What modality values also are, by the image's own coded maps. */
  quantities: Quantity[];
  /** Stored values, both inclusive, that are no image. */
  padding: { low: number; high: number } | null;
  overlays: OverlayFacts[];
  /** Stored values from `first` on are shown in colours of the image's own. */
  ownColors: { first: number; entries: number } | null;
  /** What the image asks for that no picture here shows, in words. */
  undrawn: string[];
  framesPerSecond: number | null;
}

export const frameKey = (frame: { sopInstanceUid: string; frameNumber: number }): string =>
  `${frame.sopInstanceUid}/${frame.frameNumber}`;
