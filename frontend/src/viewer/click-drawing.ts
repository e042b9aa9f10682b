/** A drawing that grows click by click, over several presses: a polygon's corners, a length's two ends. */
import { scaleOf } from "../geometry/affine";
import type { DrawnKind } from "../geometry/content";
import type { ImagePoint } from "../geometry/points";
import { thinned, within } from "../geometry/shapes";
import { say } from "../state/reading-ui";
import { commitShape, mayDraw } from "./commit-shape";
import { clickReach, sketchColor } from "./draw-gestures";
import { type Bench, type Place, placeOf, type Spot } from "./gesture";
import { shapeOf } from "./shape-kinds";

const closeReach = 10;

interface Growing {
  kind: DrawnKind;
  place: Place;
  points: ImagePoint[];
}

export class ClickDrawing {
  private growing: Growing | null = null;

  constructor(private readonly bench: Bench) {}

  get open(): boolean {
    return this.growing !== null;
  }

  /** The kind in the making is closed by hand (Enter, double click), not by its second point. */
  get closable(): boolean {
    return this.growing !== null && shapeOf(this.growing.kind).hand.way === "corners";
  }

  get kind(): DrawnKind | null {
    return this.growing?.kind ?? null;
  }

  get place(): Place | null {
    return this.growing?.place ?? null;
  }

  click(kind: DrawnKind, spot: Spot): void {
    const place = placeOf(this.bench);
    if (!place) {
      return;
    }
    if (!this.growing) {
      if (mayDraw(kind)) {
        this.bench.controller.stopCine();
        this.growing = { kind, place, points: [within(place.frame, spot.image)] };
        this.show(spot);
      }
      return;
    }
    const { points } = this.growing;
    if (!this.isHere(place)) {
      const word = shapeOf(this.growing.kind).word.toLowerCase();
      say(`The ${word} was begun on another image. Go back there, or press Esc to drop it.`);
      return;
    }
    const scale = scaleOf(this.bench.controller.getView().imageToCanvas);
    const near = (point: ImagePoint | undefined, reach: number) =>
      point !== undefined && Math.hypot(spot.image[0] - point[0], spot.image[1] - point[1]) * scale < reach;
    if (this.closable) {
      if (points.length >= 3 && near(points[0], closeReach)) {
        this.finish();
        return;
      }
      points.push(within(place.frame, spot.image));
      this.show(spot);
    } else if (!near(points[0], clickReach)) {
      points.push(within(place.frame, spot.image));
      this.finish();
    }
  }

  private isHere(place: Place | null): boolean {
    return place?.frame.imageId === this.growing?.place.frame.imageId;
  }

  /** Show the line to the pointer, while its image is on the screen. */
  show(spot: Spot): void {
    if (this.growing && this.isHere(placeOf(this.bench))) {
      const { kind, place, points } = this.growing;
      this.bench.layers.sketch = {
        kind,
        points: [...points, within(place.frame, spot.image)],
        color: sketchColor(kind),
        replaces: null,
        frameId: place.frame.imageId,
      };
      this.bench.layers.redraw();
    }
  }

  back(): void {
    const { growing } = this;
    growing?.points.pop();
    if (growing && growing.points.length > 0) {
      this.bench.layers.sketch = {
        kind: growing.kind,
        points: [...growing.points],
        color: sketchColor(growing.kind),
        replaces: null,
        frameId: growing.place.frame.imageId,
      };
      this.bench.layers.redraw();
    } else {
      this.drop();
    }
  }

  /** Keep what was clicked, on the image where it was begun. */
  finish(): void {
    const { growing } = this;
    this.drop();
    if (growing) {
      const points = this.thinnedOf(growing);
      commitShape(growing.place, growing.kind, points);
    }
  }

  private thinnedOf({ kind, points }: Growing): ImagePoint[] {
    // A double click sets its last corner twice.
    return shapeOf(kind).hand.way === "corners" ? thinned(points, 0.2) : points;
  }

  drop(): void {
    this.growing = null;
    this.bench.layers.sketch = null;
    this.bench.layers.redraw();
  }
}
