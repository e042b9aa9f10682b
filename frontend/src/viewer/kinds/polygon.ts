import { IconPolygon } from "@tabler/icons-react";
import { contour } from "../kind";

declare module "../../geometry/content" {
  interface KindHolds {
    polygon: "points";
  }
}

/** Points: its corners, the last joined to the first. */
export const kind = contour({
  name: "polygon",
  word: "Polygon",
  icon: IconPolygon,
  key: "G",
  place: 4,
  hand: { way: "corners" },
});
