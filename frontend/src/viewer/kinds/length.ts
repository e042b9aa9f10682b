import { IconRuler2 } from "@tabler/icons-react";
import { line, type ShapeKind } from "../kind";

declare module "../../geometry/content" {
  interface KindHolds {
    length: "points";
  }
}

/** A distance. Points: its two ends. */
export const kind: ShapeKind = {
  ...line,
  name: "length",
  word: "Length",
  icon: IconRuler2,
  key: "L",
  place: 1,
  hand: { way: "drag", clicks: true, points: (start, end) => [start, end] },
  main: "length",
  measures(points, scale) {
    const [a, b] = scale.scaled(points);
    return a && b ? scale.measure("length", Math.hypot(b[0] - a[0], b[1] - a[1])) : {};
  },
  fault(points) {
    const [a, b] = points;
    return a && b && Math.hypot(b[0] - a[0], b[1] - a[1]) >= 1e-3
      ? null
      : "Both ends of the length are in one place. Draw it again.";
  },
  marks(context, [a, b], stroke) {
    if (!a || !b) {
      return;
    }
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    const nx = (-(b[1] - a[1]) / length) * 5;
    const ny = ((b[0] - a[0]) / length) * 5;
    for (const [x, y] of [a, b]) {
      context.beginPath();
      context.moveTo(x - nx, y - ny);
      context.lineTo(x + nx, y + ny);
      stroke();
    }
  },
};
