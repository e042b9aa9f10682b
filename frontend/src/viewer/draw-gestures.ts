/** Gestures that draw a new shape or change one. */
import { geometryFromImage } from "../geometry/bridge";
import { type DrawnKind, emptyContent } from "../geometry/content";
import { type ImagePoint, imagePoint } from "../geometry/points";
import { ellipsePoints, moved, rectanglePoints, thinned, withHandleAt } from "../geometry/shapes";
import { addFinding, changeContent, findingRow } from "../state/reading-findings";
import { mayAdd } from "../state/reading-may";
import { reading } from "../state/reading-session";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { colorOf, labelForKind } from "./findings-on-frame";
import type { Bench, Gesture, Spot } from "./gesture";
import type { Hit } from "./hit";

export const kindWords: Record<DrawnKind, string> = {
  length: "Length",
  rectangle: "Rectangle",
  ellipse: "Ellipse",
  polygon: "Polygon",
  freehand: "Freehand contour",
  point: "Point",
};

/** Whether something new may be drawn; says why not. */
export function mayDraw(kind: DrawnKind | "mask"): boolean {
  const correcting = findingRow(readingUi().correcting);
  if (correcting) {
    if (correcting.kind === kind) {
      return true;
    }
    say(`The correction stays a ${correcting.kind}. Reject the finding if it should be something else.`);
    return false;
  }
  if (!mayAdd()) {
    const { mode, workitem } = reading();
    say(
      mode === "review"
        ? "In review, press C to correct the selected finding."
        : `This case is ${workitem?.state ?? "not loaded"}; findings cannot be changed.`,
    );
    return false;
  }
  return true;
}

/** Store the points as a finding (or as the new outline of the correction) and select it. */
export function commitShape(
  { controller }: Bench,
  kind: DrawnKind,
  points: readonly ImagePoint[],
  text = "",
): void {
  const { frame } = controller.getView();
  if (!frame || !mayDraw(kind)) {
    return;
  }
  const geometry = geometryFromImage(frame, points);
  const { correcting } = readingUi();
  if (correcting) {
    changeContent(correcting, { geometry }, { label: `Redraw ${kindWords[kind]}` });
    return;
  }
  const content = { ...emptyContent(kind, labelForKind(kind)), geometry, text };
  const key = addFinding(content, reading().me, kindWords[kind]);
  setReadingUi({ selected: key, tab: "findings" });
}

function sketchColor(kind: DrawnKind): string {
  return colorOf(emptyContent(kind, labelForKind(kind)));
}

/** Press, drag, let go: length, rectangle, ellipse. */
export function dragShape(
  bench: Bench,
  kind: "length" | "rectangle" | "ellipse",
  start: Spot,
): Gesture | null {
  if (!mayDraw(kind)) {
    return null;
  }
  const { layers, controller } = bench;
  const color = sketchColor(kind);
  const pointsTo = (spot: Spot): ImagePoint[] => {
    let end = spot.image;
    if (spot.shift && kind !== "length") {
      const side = Math.max(Math.abs(end[0] - start.image[0]), Math.abs(end[1] - start.image[1]));
      end = imagePoint(
        start.image[0] + side * Math.sign(end[0] - start.image[0]),
        start.image[1] + side * Math.sign(end[1] - start.image[1]),
      );
    }
    return kind === "length"
      ? [start.image, end]
      : kind === "rectangle"
        ? rectanglePoints(start.image, end)
        : ellipsePoints(start.image, end);
  };
  const clear = () => {
    layers.sketch = null;
    layers.redraw();
  };
  return {
    move(spot) {
      layers.sketch = { kind, points: pointsTo(spot), color, replaces: null };
      layers.redraw();
    },
    end(spot) {
      clear();
      const far = Math.hypot(spot.canvas[0] - start.canvas[0], spot.canvas[1] - start.canvas[1]);
      if (far >= 4 && controller.getView().frame) {
        commitShape(bench, kind, pointsTo(spot));
      }
    },
    cancel: clear,
  };
}

/** Draw around something without lifting; letting go closes the line. */
export function freehandShape(bench: Bench, start: Spot): Gesture | null {
  if (!mayDraw("freehand")) {
    return null;
  }
  const { layers } = bench;
  const color = sketchColor("freehand");
  const points: ImagePoint[] = [start.image];
  const clear = () => {
    layers.sketch = null;
    layers.redraw();
  };
  return {
    move(spot) {
      points.push(spot.image);
      layers.sketch = { kind: "freehand", points: [...points], color, replaces: null };
      layers.redraw();
    },
    end() {
      clear();
      const line = thinned(points, 0.7);
      if (line.length >= 4) {
        commitShape(bench, "freehand", line);
      }
    },
    cancel: clear,
  };
}

/** A polygon grows click by click, over several presses. */
export class PolygonInProgress {
  private points: ImagePoint[] = [];

  constructor(private readonly bench: Bench) {}

  get open(): boolean {
    return this.points.length > 0;
  }

  click(spot: Spot): void {
    if (!this.open && !mayDraw("polygon")) {
      return;
    }
    const first = this.points[0];
    const scale = Math.hypot(
      this.bench.controller.getView().imageToCanvas.a,
      this.bench.controller.getView().imageToCanvas.b,
    );
    const closes =
      first &&
      this.points.length >= 3 &&
      Math.hypot(spot.image[0] - first[0], spot.image[1] - first[1]) * scale < 10;
    if (closes) {
      this.finish();
    } else {
      this.points.push(spot.image);
      this.show(spot.image);
    }
  }

  show(end: ImagePoint): void {
    if (this.open) {
      this.bench.layers.sketch = {
        kind: "polygon",
        points: [...this.points, end],
        color: sketchColor("polygon"),
        replaces: null,
      };
      this.bench.layers.redraw();
    }
  }

  back(): void {
    this.points.pop();
    const last = this.points[this.points.length - 1];
    if (last) {
      this.show(last);
    } else {
      this.drop();
    }
  }

  finish(): void {
    const points = thinned(this.points, 0.2);
    this.drop();
    if (points.length >= 3) {
      commitShape(this.bench, "polygon", points);
    }
  }

  drop(): void {
    this.points = [];
    this.bench.layers.sketch = null;
    this.bench.layers.redraw();
  }
}

/** Move a finding, or one of its points. A press without movement changes nothing. */
export function editShape(bench: Bench, hit: Hit, start: Spot): Gesture | null {
  const { drawn, handle, row } = hit;
  const { layers, controller } = bench;
  if (!drawn) {
    return null;
  }
  const pointsTo = (spot: Spot): ImagePoint[] =>
    handle === null
      ? moved(drawn.points, spot.image[0] - start.image[0], spot.image[1] - start.image[1])
      : withHandleAt(drawn.kind, drawn.points, handle, spot.image);
  let changed = false;
  const clear = () => {
    layers.sketch = null;
    layers.redraw();
  };
  return {
    move(spot) {
      changed ||= Math.hypot(spot.canvas[0] - start.canvas[0], spot.canvas[1] - start.canvas[1]) >= 3;
      if (changed) {
        layers.sketch = { kind: drawn.kind, points: pointsTo(spot), color: drawn.color, replaces: row.key };
        layers.redraw();
      }
    },
    end(spot) {
      clear();
      const { frame } = controller.getView();
      if (changed && frame) {
        const label = handle === null ? "Move" : "Reshape";
        changeContent(row.key, { geometry: geometryFromImage(frame, pointsTo(spot)) }, { label });
      }
    },
    cancel: clear,
  };
}
