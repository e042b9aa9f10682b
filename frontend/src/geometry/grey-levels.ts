/** From modality values to grey levels (PS3.3 C.11.2). `tests/fixtures/grey_levels.json` holds both languages to it. */
import type { VoiFunction } from "./frame-facts";

export interface GreyWindow {
  kind: "window";
  center: number;
  width: number;
  function: VoiFunction;
}

export interface GreyTable {
  kind: "table";
  /** The modality value of the first entry. */
  first: number;
  /** Each entry as a level from 0 (black) to 1 (white). */
  levels: Float32Array;
}

export type GreyLevels = GreyWindow | GreyTable;

/** The level of a modality value, 0 (black) to 1 (white), before polarity. */
export function levelOf(how: GreyLevels, value: number): number {
  if (how.kind === "table") {
    // What lies before the first entry has the first one's level, what lies behind the last one has the last one's.
    const at = Math.min(how.levels.length - 1, Math.max(0, Math.round(value) - how.first));
    return how.levels[at] ?? 0;
  }
  const width = Math.max(how.width, 1e-6);
  if (how.function === "SIGMOID") {
    return 1 / (1 + Math.exp((-4 * (value - how.center)) / width));
  }
  if (how.function === "LINEAR" && width >= 1) {
    const low = how.center - 0.5 - (width - 1) / 2;
    const level = width > 1 ? (value - low) / (width - 1) : value > low ? 1 : 0;
    return Math.min(1, Math.max(0, level));
  }
  // A LINEAR width below 1 has no meaning in the standard; writers of small-slope images mean the exact window.
  return Math.min(1, Math.max(0, (value - how.center) / width + 0.5));
}

/** The range of modality values over which levels change: what a window would show instead of a table. */
export function spanOf(how: GreyLevels): { center: number; width: number } {
  return how.kind === "table"
    ? { center: how.first + how.levels.length / 2, width: how.levels.length }
    : { center: how.center, width: how.width };
}

/** Grey bytes of every sample value from `lowest` on, for samples that are whole numbers. */
export function byteTable(
  how: GreyLevels,
  samples: { lowest: number; count: number; slope: number; intercept: number },
  inverted: boolean,
): Uint8ClampedArray {
  const bytes = new Uint8ClampedArray(samples.count);
  for (let i = 0; i < samples.count; i += 1) {
    const level = levelOf(how, (samples.lowest + i) * samples.slope + samples.intercept);
    bytes[i] = 255 * (inverted ? 1 - level : level);
  }
  return bytes;
}
