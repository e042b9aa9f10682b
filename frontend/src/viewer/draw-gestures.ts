/** Gestures that draw a new shape or change one. Each belongs to the image of its first press. */
import { geometryFromImage } from "../geometry/bridge";
import { type DrawnKind, emptyContent } from "../geometry/content";
import type { ImagePoint } from "../geometry/points";
import { isWithin, moved, stepWithin, thinned, within } from "../geometry/shapes";
import { changeContent } from "../state/reading-edits";
import { say } from "../state/reading-ui";
import { commitShape, mayDraw, sketchedLabel } from "./commit-shape";
import { colorOf } from "./findings-on-frame";
import type { Bench, Gesture, Place, Spot } from "./gesture";
import type { Hit } from "./hit";
import type { Hand } from "./kind";
import { shapeOf } from "./shape-kinds";

export const sketchColor = (kind: DrawnKind): string => colorOf(emptyContent(kind, sketchedLabel(kind)));

const far = (one: Spot, other: Spot) =>
  Math.hypot(one.canvas[0] - other.canvas[0], one.canvas[1] - other.canvas[1]);

/** A press shorter than this is a click. */
export const clickReach = 4;

function clearSketch({ layers }: Bench): void {
  layers.sketch = null;
  layers.redraw();
}

/** Press, drag, let go. */
export function dragShape(
  bench: Bench,
  place: Place,
  kind: DrawnKind,
  hand: Extract<Hand, { way: "drag" }>,
  start: Spot,
): Gesture | null {
  if (!mayDraw(kind)) {
    return null;
  }
  const { layers } = bench;
  const { frame } = place;
  const color = sketchColor(kind);
  const from = within(frame, start.image);
  const pointsTo = (spot: Spot) => {
    const to = within(frame, spot.image);
    const even = hand.points(from, to, spot.shift);
    // Equal sides may reach over the edge where the pointer does not.
    return even.every((point) => isWithin(frame, point)) ? even : hand.points(from, to, false);
  };
  return {
    place,
    move(spot) {
      layers.sketch = { kind, points: pointsTo(spot), color, replaces: null, frameId: frame.imageId };
      layers.redraw();
    },
    end(spot) {
      clearSketch(bench);
      if (far(spot, start) >= clickReach) {
        commitShape(place, kind, pointsTo(spot));
      }
    },
    cancel: () => clearSketch(bench),
  };
}

/** Draw around something without lifting; letting go closes the line. */
export function lineShape(bench: Bench, place: Place, kind: DrawnKind, start: Spot): Gesture | null {
  if (!mayDraw(kind)) {
    return null;
  }
  const { layers } = bench;
  const { frame } = place;
  const color = sketchColor(kind);
  const points: ImagePoint[] = [within(frame, start.image)];
  return {
    place,
    move(spot) {
      points.push(within(frame, spot.image));
      layers.sketch = { kind, points: [...points], color, replaces: null, frameId: frame.imageId };
      layers.redraw();
    },
    end(spot) {
      clearSketch(bench);
      const line = thinned(points, 0.7);
      if (line.length >= 4) {
        commitShape(place, kind, line);
      } else if (far(spot, start) >= clickReach || points.length > 2) {
        say("The contour is too small to hold anything. Draw around something, or zoom in first.");
      }
    },
    cancel: () => clearSketch(bench),
  };
}

/** Move a finding, or one of its points. A press without movement changes nothing. */
export function editShape(bench: Bench, place: Place, hit: Hit, start: Spot): Gesture | null {
  const { drawn, handle, row } = hit;
  const { layers } = bench;
  const { frame } = place;
  if (!drawn) {
    return null;
  }
  const shape = shapeOf(drawn.kind);
  const pointsTo = (spot: Spot): ImagePoint[] => {
    if (handle !== null) {
      return shape.withHandleAt(drawn.points, handle, within(frame, spot.image));
    }
    const wish = [spot.image[0] - start.image[0], spot.image[1] - start.image[1]] as const;
    return moved(drawn.points, ...stepWithin(frame, drawn.points, wish));
  };
  let changed = false;
  return {
    place,
    move(spot) {
      changed ||= far(spot, start) >= 3;
      if (changed) {
        const points = pointsTo(spot);
        layers.sketch = {
          kind: drawn.kind,
          points,
          color: drawn.color,
          replaces: row.key,
          frameId: frame.imageId,
        };
        layers.redraw();
      }
    },
    end(spot) {
      clearSketch(bench);
      if (!changed) {
        return;
      }
      const points = pointsTo(spot);
      const fault = shape.fault(points, frame);
      if (fault) {
        say(fault);
        return;
      }
      const label = handle === null ? "Move" : "Reshape";
      changeContent(row.key, { geometry: geometryFromImage(frame, points) }, { label, from: row });
    },
    cancel: () => clearSketch(bench),
  };
}
