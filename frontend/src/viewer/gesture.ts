import type { FrameFacts } from "../geometry/frame-facts";
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

/** The image that a drawing belongs to, from its first press on, whatever the page shows at its end. */
export interface Place {
  seriesUid: string;
  frame: FrameFacts & { imageId: string };
}

/** What a press of a button does until it is let go. */
export interface Gesture {
  /** Set by what draws: the pane stays on this image until the hand lets go. */
  place?: Place;
  /** It takes a press without movement for itself. */
  clicks?: true;
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

/** What a pane shows now, as the place of a drawing that begins. */
export function placeOf({ controller }: Bench): Place | null {
  const { frame, stack, status } = controller.getView();
  return frame && stack && status === "ready" ? { seriesUid: stack.seriesUid, frame } : null;
}
