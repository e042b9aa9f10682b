import type { ImagePoint } from "./points";

/** Row-major on/off pixels of one frame → start, length, start, length … */
export function runsFromMask(mask: Uint8Array): number[] {
  const runs: number[] = [];
  let start = -1;
  for (let i = 0; i < mask.length; i += 1) {
    if (mask[i]) {
      if (start < 0) {
        start = i;
      }
    } else if (start >= 0) {
      runs.push(start, i - start);
      start = -1;
    }
  }
  if (start >= 0) {
    runs.push(start, mask.length - start);
  }
  return runs;
}

export function maskFromRuns(runs: readonly number[], pixels: number): Uint8Array {
  const mask = new Uint8Array(pixels);
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const start = runs[i] ?? 0;
    mask.fill(1, start, start + (runs[i + 1] ?? 0));
  }
  return mask;
}

export function pixelsIn(runs: readonly number[]): number {
  let sum = 0;
  for (let i = 1; i < runs.length; i += 2) {
    sum += runs[i] ?? 0;
  }
  return sum;
}

/** Whether the pixel at `index` (row-major) is on; runs are sorted. */
export function isOn(runs: readonly number[], index: number): boolean {
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const start = runs[i] ?? 0;
    if (index < start) {
      return false;
    }
    if (index < start + (runs[i + 1] ?? 0)) {
      return true;
    }
  }
  return false;
}

/** The middle of the pixels that are on, [column, row]; null when none is. */
export function centreOfRuns(runs: readonly number[], columns: number): readonly [number, number] | null {
  let count = 0;
  let sumColumn = 0;
  let sumRow = 0;
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const start = runs[i] ?? 0;
    const length = runs[i + 1] ?? 0;
    for (let p = start; p < start + length; p += 1) {
      sumColumn += p % columns;
      sumRow += Math.floor(p / columns);
      count += 1;
    }
  }
  return count > 0 ? [sumColumn / count, sumRow / count] : null;
}

/** Set every pixel whose centre lies within `radius` pixels of the segment from `a` to `b`. */
export function paintStroke(
  mask: Uint8Array,
  rows: number,
  columns: number,
  a: ImagePoint,
  b: ImagePoint,
  radius: number,
  on: boolean,
): void {
  const top = Math.max(0, Math.ceil(Math.min(a[1], b[1]) - radius));
  const bottom = Math.min(rows - 1, Math.floor(Math.max(a[1], b[1]) + radius));
  const left = Math.max(0, Math.ceil(Math.min(a[0], b[0]) - radius));
  const right = Math.min(columns - 1, Math.floor(Math.max(a[0], b[0]) + radius));
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const length2 = dx * dx + dy * dy;
  const reach = Math.max(radius, 0.5) ** 2;
  for (let row = top; row <= bottom; row += 1) {
    for (let column = left; column <= right; column += 1) {
      const t =
        length2 === 0 ? 0 : Math.min(1, Math.max(0, ((column - a[0]) * dx + (row - a[1]) * dy) / length2));
      const ex = column - a[0] - t * dx;
      const ey = row - a[1] - t * dy;
      if (ex * ex + ey * ey <= reach) {
        mask[row * columns + column] = on ? 1 : 0;
      }
    }
  }
}
