import type { CanvasPoint, ImagePoint } from "../geometry/points";
import type { PaneId } from "../state/reading-ui";
import type { Layers } from "./layers";
import type { ViewportController } from "./viewport-controller";

/** Where the pointer is, in the spaces a tool may need. */
export interface Spot {
  canvas: CanvasPoint;
  image: ImagePoint;
  shift: boolean;
}

/** What a press of a button does until it is let go. */
export interface Gesture {
  move(spot: Spot): void;
  end(spot: Spot): void;
  cancel(): void;
}

/** Everything a tool works on. */
export interface Bench {
  pane: PaneId;
  controller: ViewportController;
  layers: Layers;
}
