import { IconCircle } from "@tabler/icons-react";
import { type ImagePoint, imagePoint } from "../../geometry/points";
import { area, farCorner } from "../kind";

declare module "../../geometry/content" {
  interface KindHolds {
    ellipse: "points";
  }
}

const steps = 64;

/** The ends of the axes of the upright ellipse in the box of two corners: top, bottom, left, right. */
function between(a: ImagePoint, b: ImagePoint): ImagePoint[] {
  const cx = (a[0] + b[0]) / 2;
  const cy = (a[1] + b[1]) / 2;
  return [
    imagePoint(cx, Math.min(a[1], b[1])),
    imagePoint(cx, Math.max(a[1], b[1])),
    imagePoint(Math.min(a[0], b[0]), cy),
    imagePoint(Math.max(a[0], b[0]), cy),
  ];
}

/** Centre and half axes of the points, as numbers. */
function axes(points: readonly ImagePoint[]) {
  const [top, bottom, left, right] = points;
  if (!top || !bottom || !left || !right) {
    return null;
  }
  return {
    cx: (top[0] + bottom[0] + left[0] + right[0]) / 4,
    cy: (top[1] + bottom[1] + left[1] + right[1]) / 4,
    ux: (right[0] - left[0]) / 2,
    uy: (right[1] - left[1]) / 2,
    vx: (bottom[0] - top[0]) / 2,
    vy: (bottom[1] - top[1]) / 2,
  };
}

/** Points: the ends of its two axes: top, bottom, left, right. */
export const kind = area({
  name: "ellipse",
  word: "Ellipse",
  icon: IconCircle,
  key: "E",
  place: 3,
  hand: {
    way: "drag",
    clicks: false,
    points: (start, end, even) => between(start, farCorner(start, end, even)),
  },
  outline(points) {
    const e = axes(points);
    return e
      ? Array.from({ length: steps }, (_, i) => {
          const t = (2 * Math.PI * i) / steps;
          return imagePoint(
            e.cx + e.ux * Math.cos(t) + e.vx * Math.sin(t),
            e.cy + e.uy * Math.cos(t) + e.vy * Math.sin(t),
          );
        })
      : points;
  },
  withHandleAt(points, index, to) {
    const [top, bottom, left, right] = points;
    if (!top || !bottom || !left || !right) {
      return [...points];
    }
    const x0 = index === 2 ? to[0] : left[0];
    const x1 = index === 3 ? to[0] : right[0];
    const y0 = index === 0 ? to[1] : top[1];
    const y1 = index === 1 ? to[1] : bottom[1];
    return between(imagePoint(x0, y0), imagePoint(x1, y1));
  },
  measures(points, scale) {
    const [top, bottom, left, right] = scale.scaled(points);
    if (!top || !bottom || !left || !right) {
      return {};
    }
    const one = Math.hypot(right[0] - left[0], right[1] - left[1]);
    const other = Math.hypot(bottom[0] - top[0], bottom[1] - top[1]);
    return {
      ...scale.measure("long_axis", Math.max(one, other)),
      ...scale.measure("short_axis", Math.min(one, other)),
      ...scale.measure("area", (Math.PI / 4) * one * other, 2),
    };
  },
  /** Exact, not by the outline: a centre is inside when it lies within the axes. */
  eachPixel(points, rows, columns, visit) {
    const e = axes(points);
    const turn = e ? e.ux * e.vy - e.vx * e.uy : 0;
    if (!e || Math.abs(turn) < 1e-12) {
      return;
    }
    const wide = Math.hypot(e.ux, e.vx);
    const high = Math.hypot(e.uy, e.vy);
    const last = { row: Math.min(rows - 1, Math.floor(e.cy + high)), column: Math.floor(e.cx + wide) };
    for (let row = Math.max(0, Math.ceil(e.cy - high)); row <= last.row; row += 1) {
      for (
        let column = Math.max(0, Math.ceil(e.cx - wide));
        column <= Math.min(columns - 1, last.column);
        column += 1
      ) {
        const x = column - e.cx;
        const y = row - e.cy;
        const s = (x * e.vy - y * e.vx) / turn;
        const t = (y * e.ux - x * e.uy) / turn;
        if (s * s + t * t <= 1) {
          visit(column, row);
        }
      }
    }
  },
});
