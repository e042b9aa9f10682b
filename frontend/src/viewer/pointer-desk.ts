/** Turns pointer and wheel events of one pane into gestures of the tool in hand. */
import { toImage } from "../geometry/affine";
import { canvasPoint } from "../geometry/points";
import { isEditable } from "../state/reading-may";
import type { PaneId } from "../state/reading-ui";
import { readingUi, setReadingUi } from "../state/reading-ui";
import { brushGesture } from "./brush-gesture";
import { dragShape, editShape, freehandShape, mayDraw, PolygonInProgress } from "./draw-gestures";
import type { Bench, Gesture, Spot } from "./gesture";
import { hitAt, pinAt } from "./hit";
import type { Layers } from "./layers";
import { panes } from "./panes";
import { pixelText } from "./pixel-values";
import { panGesture, scrollGesture, windowGesture, zoomGesture } from "./view-gestures";
import type { ViewportController } from "./viewport-controller";

const wheelStep = 60;

export class PointerDesk {
  private gesture: Gesture | null = null;
  private pressed: Spot | null = null;
  private moved = false;
  private wheel = 0;
  readonly polygon: PolygonInProgress;
  readonly bench: Bench;
  private readonly stop = new AbortController();

  constructor(
    private readonly pane: PaneId,
    private readonly controller: ViewportController,
    private readonly layers: Layers,
    private readonly element: HTMLElement,
    private readonly readout: (text: string) => void,
  ) {
    this.bench = { pane, controller, layers };
    this.polygon = new PolygonInProgress(this.bench);
    const { signal } = this.stop;
    element.addEventListener("pointerdown", this.down, { signal });
    element.addEventListener("pointermove", this.move, { signal });
    element.addEventListener("pointerup", this.up, { signal });
    element.addEventListener("pointercancel", this.abort, { signal });
    element.addEventListener("pointerleave", this.left, { signal });
    element.addEventListener("dblclick", this.double, { signal });
    element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    element.addEventListener("wheel", this.wheeled, { signal, passive: false });
  }

  dispose(): void {
    this.abort();
    this.polygon.drop();
    this.stop.abort();
  }

  /** Leave what is being drawn; true when there was something. */
  escape(): boolean {
    const busy = this.gesture !== null || this.polygon.open;
    this.abort();
    this.polygon.drop();
    return busy;
  }

  private spotOf(event: MouseEvent): Spot {
    const box = this.element.getBoundingClientRect();
    const canvas = canvasPoint(event.clientX - box.left, event.clientY - box.top);
    return { canvas, image: toImage(this.controller.getView().imageToCanvas, canvas), shift: event.shiftKey };
  }

  private down = (event: PointerEvent): void => {
    if (readingUi().activePane !== this.pane) {
      setReadingUi({ activePane: this.pane });
    }
    if (this.gesture || this.controller.getView().status !== "ready") {
      return;
    }
    this.element.focus({ preventScroll: true });
    const spot = this.spotOf(event);
    this.pressed = spot;
    this.moved = false;
    this.gesture = this.begin(event.button, spot);
    if (this.gesture) {
      this.element.setPointerCapture(event.pointerId);
    }
  };

  private begin(button: number, spot: Spot): Gesture | null {
    const { bench } = this;
    const { tool } = readingUi();
    if (button === 1) {
      return panGesture(bench, spot);
    }
    if (button === 2) {
      return tool === "window" ? zoomGesture(bench, spot) : windowGesture(bench, spot);
    }
    if (button !== 0) {
      return null;
    }
    switch (tool) {
      case "window":
        return windowGesture(bench, spot);
      case "zoom":
        return zoomGesture(bench, spot);
      case "pan":
        return panGesture(bench, spot);
      case "scroll":
        return scrollGesture(bench, spot);
      case "brush":
      case "eraser":
        return brushGesture(bench, tool === "eraser", spot);
      case "polygon":
        if (!this.polygon.open) {
          return this.edit(spot);
        }
        return null;
      case "comment":
      case "point":
        return this.edit(spot);
      case "select":
        return this.edit(spot) ?? panGesture(bench, spot);
      case "freehand":
        return this.edit(spot) ?? freehandShape(bench, spot);
      default:
        return this.edit(spot) ?? dragShape(bench, tool, spot);
    }
  }

  /** Take hold of what is under the pointer, when it is selected (or the tool in hand selects). */
  private edit(spot: Spot): Gesture | null {
    const hit = hitAt(this.controller, spot);
    const { selected, tool } = readingUi();
    if (!hit?.drawn || !isEditable(hit.row)) {
      return null;
    }
    if (hit.row.key !== selected) {
      if (tool !== "select") {
        return null;
      }
      setReadingUi({ selected: hit.row.key });
    }
    return editShape(this.bench, hit, spot);
  }

  private move = (event: PointerEvent): void => {
    const spot = this.spotOf(event);
    if (
      this.pressed &&
      Math.hypot(spot.canvas[0] - this.pressed.canvas[0], spot.canvas[1] - this.pressed.canvas[1]) > 3
    ) {
      this.moved = true;
    }
    const { tool } = readingUi();
    this.layers.cursor = spot.image;
    if (tool === "brush" || tool === "eraser") {
      this.layers.redraw();
    }
    if (this.gesture) {
      this.gesture.move(spot);
    } else {
      if (tool === "polygon") {
        this.polygon.show(spot.image);
      }
      this.hover(spot);
    }
    const { frame } = this.controller.getView();
    this.readout(frame ? pixelText(frame, Math.round(spot.image[0]), Math.round(spot.image[1])) : "");
  };

  private hover(spot: Spot): void {
    const hit = hitAt(this.controller, spot);
    const hovered = hit?.row.key ?? null;
    if (readingUi().hovered !== hovered) {
      setReadingUi({ hovered });
    }
    this.element.dataset.over =
      hit?.handle !== null && hit?.handle !== undefined ? "handle" : hit ? "finding" : "";
  }

  private up = (event: PointerEvent): void => {
    const spot = this.spotOf(event);
    const { gesture } = this;
    this.gesture = null;
    gesture?.end(spot);
    if (!this.moved && event.button === 0) {
      this.click(spot);
    }
    this.pressed = null;
  };

  private click(spot: Spot): void {
    const { tool } = readingUi();
    const { frame } = this.controller.getView();
    if (!frame || tool === "brush" || tool === "eraser") {
      return;
    }
    const pin = pinAt(this.controller, spot);
    if (pin) {
      setReadingUi({ activeComment: pin, tab: "comments" });
      return;
    }
    const hit = hitAt(this.controller, spot);
    if (tool === "polygon" && (this.polygon.open || !hit)) {
      this.polygon.click(spot);
    } else if (tool === "comment" || (tool === "point" && !hit)) {
      if (tool === "comment" || mayDraw("point")) {
        setReadingUi({
          typing: {
            pane: this.pane,
            x: spot.canvas[0],
            y: spot.canvas[1],
            purpose: tool === "comment" ? "comment" : "text",
            pin: {
              sop_instance_uid: frame.sopInstanceUid,
              frame_number: frame.frameNumber,
              point: [Number(spot.image[0].toFixed(2)), Number(spot.image[1].toFixed(2))],
            },
          },
        });
      }
    } else {
      setReadingUi({ selected: hit?.row.key ?? null });
    }
  }

  private double = (): void => {
    if (this.polygon.open) {
      this.polygon.finish();
    }
  };

  private abort = (): void => {
    this.gesture?.cancel();
    this.gesture = null;
    this.pressed = null;
  };

  private left = (): void => {
    this.layers.cursor = null;
    this.layers.redraw();
    this.readout("");
  };

  private wheeled = (event: WheelEvent): void => {
    event.preventDefault();
    if (readingUi().activePane !== this.pane) {
      setReadingUi({ activePane: this.pane });
    }
    const single = (this.controller.getView().stack?.frames.length ?? 1) <= 1;
    if (event.ctrlKey || event.metaKey || single) {
      this.controller.zoomBy(1.0015 ** -event.deltaY, this.spotOf(event).canvas);
      return;
    }
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 30 : event.deltaY;
    this.wheel += pixels;
    const frames = Math.trunc(this.wheel / wheelStep);
    if (frames !== 0) {
      this.wheel -= frames * wheelStep;
      this.controller.scroll(frames);
      this.bringAlong();
    }
  };

  /** In the two-pane layout the other pane follows through the patient. */
  private bringAlong(): void {
    const { layout, synced } = readingUi();
    const { frame } = this.controller.getView();
    if (layout === "1x2" && synced && frame) {
      (this.pane === "left" ? panes.right : panes.left).followPlane(frame);
    }
  }
}

const desks = new Map<PaneId, PointerDesk>();

export function registerDesk(pane: PaneId, desk: PointerDesk): () => void {
  desks.set(pane, desk);
  return () => {
    if (desks.get(pane) === desk) {
      desks.delete(pane);
    }
  };
}

/** The desk of a pane on the screen, for keys that concern a drawing in progress. */
export const deskOf = (pane: PaneId): PointerDesk | undefined => desks.get(pane);
