import { IconPencilPin } from "@tabler/icons-react";
import { line, type ShapeKind } from "../kind";

declare module "../../geometry/content" {
  interface KindHolds {
    point: "points";
  }
}

/** A place with a text. Points: one. */
export const kind: ShapeKind = {
  ...line,
  name: "point",
  word: "Point",
  icon: IconPencilPin,
  key: "T",
  place: 6,
  hand: { way: "text" },
  main: null,
  measures: () => ({}),
  fault: () => null,
  marks(context, [at], stroke) {
    if (!at) {
      return;
    }
    const reach = 7;
    context.beginPath();
    context.moveTo(at[0] - reach, at[1]);
    context.lineTo(at[0] + reach, at[1]);
    context.moveTo(at[0], at[1] - reach);
    context.lineTo(at[0], at[1] + reach);
    stroke();
  },
};
