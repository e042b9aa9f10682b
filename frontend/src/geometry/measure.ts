import type { DrawnKind, Measure } from "./content";
import type { FrameFacts } from "./frame-facts";
import type { ImagePoint } from "./points";
import { boxOf, outline } from "./shapes";
import { lengthScale, spacingUnder } from "./spacing";

export interface Statistics {
  mean: number;
  deviation: number;
  min: number;
  max: number;
  count: number;
}

/** Call `visit` for every pixel whose centre lies inside the polygon (even-odd rule), row by row. */
export function eachPixelInside(
  polygon: readonly ImagePoint[],
  rows: number,
  columns: number,
  visit: (column: number, row: number) => void,
): void {
  if (polygon.length < 3) {
    return;
  }
  const box = boxOf(polygon);
  const top = Math.max(0, Math.ceil(box.top));
  const bottom = Math.min(rows - 1, Math.floor(box.bottom));
  for (let row = top; row <= bottom; row += 1) {
    const crossings: number[] = [];
    let a = polygon[polygon.length - 1] as ImagePoint;
    for (const b of polygon) {
      if (a[1] <= row !== b[1] <= row) {
        crossings.push(a[0] + ((row - a[1]) / (b[1] - a[1])) * (b[0] - a[0]));
      }
      a = b;
    }
    crossings.sort((x, y) => x - y);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil(crossings[i] ?? 0));
      const to = Math.min(columns - 1, Math.floor(crossings[i + 1] ?? -1));
      for (let column = from; column <= to; column += 1) {
        visit(column, row);
      }
    }
  }
}

/** Mean, deviation and range of the values inside a closed shape; null when it holds no pixel. */
export function statisticsInside(
  kind: DrawnKind,
  points: readonly ImagePoint[],
  frame: FrameFacts,
  valueAt: (column: number, row: number) => number | null,
): Statistics | null {
  let count = 0;
  let sum = 0;
  let squares = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  eachPixelInside(outline(kind, points), frame.rows, frame.columns, (column, row) => {
    const value = valueAt(column, row);
    if (value !== null) {
      count += 1;
      sum += value;
      squares += value * value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  });
  if (count === 0) {
    return null;
  }
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)), min, max, count };
}

/** Area enclosed by a polygon, in square pixels (shoelace). */
export function polygonArea(polygon: readonly ImagePoint[]): number {
  let twice = 0;
  let a = polygon[polygon.length - 1];
  for (const b of polygon) {
    if (a) {
      twice += a[0] * b[1] - b[0] * a[1];
    }
    a = b;
  }
  return Math.abs(twice) / 2;
}

/** Length or area in mm where the image proves its spacing there, else in widths of a pixel. */
export function sizeOf(kind: DrawnKind, points: readonly ImagePoint[], frame: FrameFacts): Measure | null {
  const { row, column, unit, source } = lengthScale(spacingUnder(frame.spacing, points));
  const [a, b] = points;
  if (kind === "length") {
    return a && b ? { value: Math.hypot((b[0] - a[0]) * column, (b[1] - a[1]) * row), unit, source } : null;
  }
  if (kind === "point" || points.length < 3) {
    return null;
  }
  const pixels = kind === "ellipse" ? ellipseArea(points) : polygonArea(points);
  return { value: pixels * row * column, unit: `${unit}²`, source };
}

function ellipseArea(points: readonly ImagePoint[]): number {
  const [top, bottom, left, right] = points;
  if (!top || !bottom || !left || !right) {
    return 0;
  }
  const a = Math.hypot(right[0] - left[0], right[1] - left[1]) / 2;
  const b = Math.hypot(bottom[0] - top[0], bottom[1] - top[1]) / 2;
  return Math.PI * a * b;
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

export const writtenMeasure = (measure: Measure): string => `${written(measure.value)} ${measure.unit}`;
