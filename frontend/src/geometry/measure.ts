import type { Measure } from "./content";
import type { FrameFacts } from "./frame-facts";
import type { ImagePoint } from "./points";
import { type LengthScale, lengthScale, spacingUnder } from "./spacing";

export type Measures = Record<string, Measure>;

/** How pixels become lengths under some points of a frame, as the server's Scale. */
export class FrameScale {
  private readonly scale: LengthScale;

  constructor(frame: Pick<FrameFacts, "spacing">, under: readonly ImagePoint[]) {
    this.scale = lengthScale(spacingUnder(frame.spacing, under));
  }

  /** The source of the unit, as a reader is told it. */
  get words(): string {
    return this.scale.words;
  }

  scaled(points: readonly ImagePoint[]): (readonly [number, number])[] {
    const { column, row } = this.scale;
    return points.map((point) => [point[0] * column, point[1] * row]);
  }

  /** One measure under its name and unit, as the server stores it. */
  measure(name: string, value: number, power: 1 | 2 = 1): Measures {
    const { unit, source } = this.scale;
    const raised = power === 1 ? unit : `${unit}2`;
    return { [`${name}_${raised}`]: { value, unit: raised, source } };
  }
}

export interface Statistics {
  mean: number;
  deviation: number;
  min: number;
  max: number;
  count: number;
}

/** Mean, deviation and range of the values of the pixels that `each` visits; null when none has a value. */
export function statisticsOf(
  each: (visit: (column: number, row: number) => void) => void,
  valueAt: (column: number, row: number) => number | null,
): Statistics | null {
  let count = 0;
  let mean = 0;
  let squares = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  each((column, row) => {
    const value = valueAt(column, row);
    if (value !== null && Number.isFinite(value)) {
      // Welford's way: large values with a small spread keep their digits.
      count += 1;
      const step = value - mean;
      mean += step / count;
      squares += step * (value - mean);
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  });
  return count === 0 ? null : { mean, deviation: Math.sqrt(squares / count), min, max, count };
}

/** A value as a radiologist writes it: three or four figures, no false precision. */
export function written(value: number): string {
  const size = Math.abs(value);
  return size >= 100
    ? value.toFixed(0)
    : size >= 10
      ? value.toFixed(1)
      : size >= 0.01 || size === 0
        ? value.toFixed(2)
        : value.toPrecision(2);
}

/** A pixel's value to four figures at least: whole numbers stay whole, small ones keep what tells them apart. */
export function figures(value: number): string {
  const size = Math.abs(value);
  return String(Number(size >= 1000 ? value.toFixed(1) : value.toPrecision(4)));
}

const shownUnits: Record<string, string> = { mm2: "mm²", px2: "px²", mm3: "mm³" };

/** A value with its unit; whole pixels are counted, not measured. */
export function writtenMeasure({ value, unit }: Measure): string {
  const figure = unit === "px" && Number.isInteger(value) ? String(value) : written(value);
  return `${figure} ${shownUnits[unit] ?? unit}`.trim();
}
