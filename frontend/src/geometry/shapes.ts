import type { DrawnKind } from "./content";
import { distanceToSegment, type ImagePoint, imagePoint } from "./points";

/** The stored points of a rectangle from two opposite corners: four corners in order. */
export function rectanglePoints(a: ImagePoint, b: ImagePoint): ImagePoint[] {
  return [imagePoint(a[0], a[1]), imagePoint(b[0], a[1]), imagePoint(b[0], b[1]), imagePoint(a[0], b[1])];
}

/** The stored points of an ellipse in the box of two corners: top, bottom, left, right ends of its axes. */
export function ellipsePoints(a: ImagePoint, b: ImagePoint): ImagePoint[] {
  const cx = (a[0] + b[0]) / 2;
  const cy = (a[1] + b[1]) / 2;
  const top = Math.min(a[1], b[1]);
  const bottom = Math.max(a[1], b[1]);
  const left = Math.min(a[0], b[0]);
  const right = Math.max(a[0], b[0]);
  return [imagePoint(cx, top), imagePoint(cx, bottom), imagePoint(left, cy), imagePoint(right, cy)];
}

const ellipseSteps = 64;

/** The outline of a closed shape as a polygon, or the open line of a length. */
export function outline(kind: DrawnKind, points: readonly ImagePoint[]): ImagePoint[] {
  if (kind !== "ellipse") {
    return [...points];
  }
  const [top, bottom, left, right] = points;
  if (!top || !bottom || !left || !right) {
    return [...points];
  }
  const cx = (top[0] + bottom[0]) / 2;
  const cy = (top[1] + bottom[1]) / 2;
  const ux = (right[0] - left[0]) / 2;
  const uy = (right[1] - left[1]) / 2;
  const vx = (bottom[0] - top[0]) / 2;
  const vy = (bottom[1] - top[1]) / 2;
  return Array.from({ length: ellipseSteps }, (_, i) => {
    const t = (2 * Math.PI * i) / ellipseSteps;
    return imagePoint(cx + ux * Math.cos(t) + vx * Math.sin(t), cy + uy * Math.cos(t) + vy * Math.sin(t));
  });
}

export const isClosed = (kind: DrawnKind): boolean => kind !== "length" && kind !== "point";

/** The points that can be dragged one by one; a freehand contour is moved whole. */
export function handlesOf(kind: DrawnKind, points: readonly ImagePoint[]): readonly ImagePoint[] {
  return kind === "freehand" ? [] : points;
}

/** The points after dragging handle `index` to `to`; rectangles and ellipses keep their form. */
export function withHandleAt(
  kind: DrawnKind,
  points: readonly ImagePoint[],
  index: number,
  to: ImagePoint,
): ImagePoint[] {
  if (kind === "rectangle") {
    const opposite = points[(index + 2) % 4];
    return opposite ? rotateList(rectanglePoints(to, opposite), (4 - index) % 4) : [...points];
  }
  if (kind === "ellipse") {
    const [top, bottom, left, right] = points;
    if (!top || !bottom || !left || !right) {
      return [...points];
    }
    const x0 = index === 2 ? to[0] : left[0];
    const x1 = index === 3 ? to[0] : right[0];
    const y0 = index === 0 ? to[1] : top[1];
    const y1 = index === 1 ? to[1] : bottom[1];
    return ellipsePoints(imagePoint(x0, y0), imagePoint(x1, y1));
  }
  return points.map((point, i) => (i === index ? to : point));
}

function rotateList<Item>(list: readonly Item[], by: number): Item[] {
  return list.map((_, i) => list[(i + by) % list.length] as Item);
}

export function moved(points: readonly ImagePoint[], columns: number, rows: number): ImagePoint[] {
  return points.map((point) => imagePoint(point[0] + columns, point[1] + rows));
}

export function centreOf(points: readonly ImagePoint[]): ImagePoint {
  const box = boxOf(points);
  return imagePoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
}

export function boxOf(points: readonly ImagePoint[]): {
  left: number;
  right: number;
  top: number;
  bottom: number;
} {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

/** Distance in image pixels from `p` to the drawn line of the shape. */
export function distanceToShape(kind: DrawnKind, points: readonly ImagePoint[], p: ImagePoint): number {
  const line = outline(kind, points);
  const first = line[0];
  if (!first) {
    return Number.POSITIVE_INFINITY;
  }
  if (line.length === 1) {
    return Math.hypot(first[0] - p[0], first[1] - p[1]);
  }
  let best = Number.POSITIVE_INFINITY;
  const ends = isClosed(kind) ? [...line.slice(1), first] : line.slice(1);
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
