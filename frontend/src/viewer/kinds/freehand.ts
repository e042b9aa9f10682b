import { IconLasso } from "@tabler/icons-react";
import { contour } from "../kind";

declare module "../../geometry/content" {
  interface KindHolds {
    freehand: "points";
  }
}

/** Points: along the line, the last joined to the first. It is moved whole. */
export const kind = contour({
  name: "freehand",
  word: "Freehand contour",
  icon: IconLasso,
  key: "F",
  place: 5,
  hand: { way: "line" },
  handles: () => [],
});
