import { distanceToSegment, type ImagePoint, imagePoint } from "./points";

export function moved(points: readonly ImagePoint[], columns: number, rows: number): ImagePoint[] {
  return points.map((point) => imagePoint(point[0] + columns, point[1] + rows));
}

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function boxOf(points: readonly ImagePoint[]): Box {
  const box = {
    left: Number.POSITIVE_INFINITY,
    right: Number.NEGATIVE_INFINITY,
    top: Number.POSITIVE_INFINITY,
    bottom: Number.NEGATIVE_INFINITY,
  };
  for (const [x, y] of points) {
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  }
  return box;
}

export function centreOf(points: readonly ImagePoint[]): ImagePoint {
  const box = boxOf(points);
  return imagePoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
}

interface Size {
  rows: number;
  columns: number;
}

/** The nearest place that still lies on a pixel of the image. */
export function within({ rows, columns }: Size, point: ImagePoint): ImagePoint {
  return imagePoint(
    Math.min(columns - 0.5, Math.max(-0.5, point[0])),
    Math.min(rows - 0.5, Math.max(-0.5, point[1])),
  );
}

export const isWithin = ({ rows, columns }: Size, [column, row]: ImagePoint): boolean =>
  column >= -0.5 && row >= -0.5 && column <= columns - 0.5 && row <= rows - 0.5;

/** How far a shape may be moved so that it stays on the image, toward what was wished. */
export function stepWithin(
  { rows, columns }: Size,
  points: readonly ImagePoint[],
  wish: readonly [number, number],
): readonly [number, number] {
  const box = boxOf(points);
  return [
    Math.min(columns - 0.5 - box.right, Math.max(-0.5 - box.left, wish[0])),
    Math.min(rows - 0.5 - box.bottom, Math.max(-0.5 - box.top, wish[1])),
  ];
}

/** Distance in image pixels from `p` to a line; a closed one is joined at its end. */
export function distanceToLine(line: readonly ImagePoint[], closed: boolean, p: ImagePoint): number {
  const first = line[0];
  if (!first) {
    return Number.POSITIVE_INFINITY;
  }
  if (line.length === 1) {
    return Math.hypot(first[0] - p[0], first[1] - p[1]);
  }
  let best = Number.POSITIVE_INFINITY;
  const ends = closed ? [...line.slice(1), first] : line.slice(1);
  let from = first;
  for (const end of ends) {
    best = Math.min(best, distanceToSegment(p, from, end));
    from = end;
  }
  return best;
}

/** Thin a freehand line: drop points closer than `gap` pixels to the last one kept. */
export function thinned(points: readonly ImagePoint[], gap: number): ImagePoint[] {
  const kept: ImagePoint[] = [];
  for (const point of points) {
    const last = kept[kept.length - 1];
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= gap) {
      kept.push(point);
    }
  }
  return kept;
}
