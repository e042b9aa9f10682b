import { IconRectangle } from "@tabler/icons-react";
import { type ImagePoint, imagePoint } from "../../geometry/points";
import { area, farCorner } from "../kind";

declare module "../../geometry/content" {
  interface KindHolds {
    rectangle: "points";
  }
}

/** Four corners in order of the upright box between two opposite ones. */
const between = (a: ImagePoint, b: ImagePoint): ImagePoint[] => [
  imagePoint(a[0], a[1]),
  imagePoint(b[0], a[1]),
  imagePoint(b[0], b[1]),
  imagePoint(a[0], b[1]),
];

const length = (v: readonly [number, number]) => Math.hypot(v[0], v[1]);

/** A box with right angles. Points: its four corners in order. */
export const kind = area({
  name: "rectangle",
  word: "Rectangle",
  icon: IconRectangle,
  key: "R",
  place: 2,
  hand: {
    way: "drag",
    clicks: false,
    points: (start, end, even) => between(start, farCorner(start, end, even)),
  },
  /** The dragged corner and its neighbours move, the opposite one stays; every corner keeps its place in the list. */
  withHandleAt(points, index, to) {
    const [next, opposite, before] = [1, 2, 3].map((step) => points[(index + step) % 4]);
    if (!next || !opposite || !before) {
      return [...points];
    }
    const along = (end: ImagePoint): ImagePoint => {
      const side: readonly [number, number] = [end[0] - opposite[0], end[1] - opposite[1]];
      const share =
        ((to[0] - opposite[0]) * side[0] + (to[1] - opposite[1]) * side[1]) / (length(side) ** 2 || 1);
      return imagePoint(opposite[0] + share * side[0], opposite[1] + share * side[1]);
    };
    const changed = [...points];
    changed[index] = to;
    changed[(index + 1) % 4] = along(next);
    changed[(index + 3) % 4] = along(before);
    return changed;
  },
  /** Width is the side that runs more along the image's rows. */
  measures(points, scale) {
    const [a, b, c] = scale.scaled(points);
    if (!a || !b || !c) {
      return {};
    }
    let first: readonly [number, number] = [b[0] - a[0], b[1] - a[1]];
    let second: readonly [number, number] = [c[0] - b[0], c[1] - b[1]];
    if (Math.abs(first[0]) * length(second) < Math.abs(second[0]) * length(first)) {
      [first, second] = [second, first];
    }
    return {
      ...scale.measure("width", length(first)),
      ...scale.measure("height", length(second)),
      ...scale.measure("area", length(first) * length(second), 2),
    };
  },
});
