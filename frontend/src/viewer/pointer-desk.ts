/** Turns pointer and wheel events of one pane into gestures of the tool in hand. */
import { toImage } from "../geometry/affine";
import type { DrawnKind } from "../geometry/content";
import { canvasPoint } from "../geometry/points";
import { isWithin } from "../geometry/shapes";
import { isEditable } from "../state/reading-may";
import type { PaneId, ToolName } from "../state/reading-ui";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { brushGesture } from "./brush-gesture";
import { captionAt, moveCaption, type PlacedCaption } from "./captions";
import { ClickDrawing } from "./click-drawing";
import { mayDraw } from "./commit-shape";
import { dragShape, editShape, lineShape } from "./draw-gestures";
import { type Bench, type Gesture, type Place, placeOf, type Spot } from "./gesture";
import { hitAt, pinAt } from "./hit";
import type { Layers } from "./layers";
import { layerText } from "./paint-layers";
import { pixelText } from "./pixel-values";
import { shapeOf, shapeOfTool } from "./shape-kinds";
import { panGesture, scrollGesture, windowGesture, zoomGesture } from "./view-gestures";
import type { ViewportController } from "./viewport-controller";

const wheelStep = 60;

export class PointerDesk {
  private gesture: Gesture | null = null;
  private pressed: Spot | null = null;
  private moved = false;
  private wheel = 0;
  /** What grows click by click. */
  readonly drawing: ClickDrawing;
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
    this.drawing = new ClickDrawing(this.bench);
    const { signal } = this.stop;
    element.addEventListener("pointerdown", this.down, { signal });
    element.addEventListener("pointermove", this.move, { signal });
    element.addEventListener("pointerup", this.up, { signal });
    element.addEventListener("pointercancel", this.abort, { signal });
    element.addEventListener("pointerleave", this.left, { signal });
    element.addEventListener("dblclick", this.double, { signal });
    element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    element.addEventListener("wheel", this.wheeled, { signal, passive: false });
    const leave = controller.subscribe(this.stay);
    signal.addEventListener("abort", leave);
  }

  dispose(): void {
    this.abort();
    this.drawing.drop();
    this.stop.abort();
  }

  /** Leave what is being drawn; true when there was something. */
  escape(): boolean {
    const busy = this.gesture !== null || this.drawing.open;
    this.abort();
    this.drawing.drop();
    return busy;
  }

  /** Leave what is being drawn because of something else, and say so when there was something. */
  leave(why: string): void {
    const kind = this.drawing.kind;
    if (this.escape() && kind) {
      say(`The unfinished ${shapeOf(kind).word.toLowerCase()} was dropped: ${why}.`);
    }
  }

  /** The image that a hand draws on at this moment; the pane stays on it. */
  get held(): Place | null {
    return this.gesture?.place ?? null;
  }

  /** A drawing belongs to the image of its first press: a frame that was still on its way is left again. */
  private readonly stay = (): void => {
    const { stack, frame } = this.controller.getView();
    const place = this.held;
    if (place && stack && stack.seriesUid !== place.seriesUid) {
      this.abort();
      say("The drawing was dropped: another series is shown.");
    } else if (place && stack && frame && frame.imageId !== place.frame.imageId) {
      void this.controller.goTo(stack.frames.findIndex((one) => one.imageId === place.frame.imageId));
    }
    const growing = this.drawing.place;
    if (growing && stack && stack.seriesUid !== growing.seriesUid) {
      this.leave("another series is shown");
    }
  };

  private spotOf(event: MouseEvent): Spot {
    const box = this.element.getBoundingClientRect();
    const canvas = canvasPoint(event.clientX - box.left, event.clientY - box.top);
    return { canvas, image: toImage(this.controller.getView().imageToCanvas, canvas), shift: event.shiftKey };
  }

  private down = (event: PointerEvent): void => {
    takePane(this.pane);
    if (this.gesture || this.controller.getView().status !== "ready") {
      return;
    }
    this.element.focus({ preventScroll: true });
    const spot = this.spotOf(event);
    this.pressed = spot;
    this.moved = false;
    this.gesture = this.begin(event.button, spot);
    if (this.gesture?.place) {
      this.controller.stopCine();
    }
    if (this.gesture) {
      this.element.setPointerCapture(event.pointerId);
    }
  };

  private begin(button: number, spot: Spot): Gesture | null {
    const { bench } = this;
    const { tool } = readingUi();
    const place = placeOf(bench);
    const caption = captionAt(this.layers.captions, spot.canvas);
    if (button === 0 && caption && !shapeOfTool(tool) && tool !== "brush" && tool !== "eraser") {
      return this.moveCaption(caption, spot);
    }
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
        return place ? brushGesture(bench, place, tool === "eraser", spot) : null;
      case "comment":
        return this.edit(place, spot);
      case "select":
        return this.edit(place, spot) ?? panGesture(bench, spot);
      default:
        return this.drawing.open || !place
          ? null
          : (this.reshape(place, spot) ?? this.draw(place, tool, spot));
    }
  }

  private moveCaption({ caption, x, y }: PlacedCaption, start: Spot): Gesture {
    return {
      clicks: true,
      move: (spot) => {
        if (this.moved) {
          moveCaption(caption.key, [
            x + spot.canvas[0] - start.canvas[0] - caption.anchor[0],
            y + spot.canvas[1] - start.canvas[1] - caption.anchor[1],
          ]);
        }
      },
      end: () => {
        if (!this.moved) {
          setReadingUi({ selected: caption.key });
        }
      },
      cancel: () => undefined,
    };
  }

  private draw(place: Place, tool: DrawnKind, spot: Spot): Gesture | null {
    const { hand } = shapeOf(tool);
    return hand.way === "drag"
      ? dragShape(this.bench, place, tool, hand, spot)
      : hand.way === "line"
        ? lineShape(this.bench, place, tool, spot)
        : null;
  }

  /** Take hold of what is under the pointer, when it is selected (or the tool in hand selects). */
  private edit(place: Place | null, spot: Spot): Gesture | null {
    const hit = hitAt(this.controller, spot);
    const { selected, tool } = readingUi();
    if (!place || !hit?.drawn || !isEditable(hit.row)) {
      return null;
    }
    if (hit.row.key !== selected) {
      if (tool !== "select") {
        return null;
      }
      setReadingUi({ selected: hit.row.key });
    }
    return editShape(this.bench, place, hit, spot);
  }

  /** With a tool that draws, only a handle is taken hold of: a press on a line begins a drawing, it moves no measure. */
  private reshape(place: Place, spot: Spot): Gesture | null {
    const hit = hitAt(this.controller, spot);
    return hit && hit.handle !== null ? this.edit(place, spot) : null;
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
      this.drawing.show(spot);
      this.hover(spot);
    }
    const { frame } = this.controller.getView();
    const [column, row] = [Math.round(spot.image[0]), Math.round(spot.image[1])];
    const texts = frame ? [pixelText(frame, column, row), layerText(frame, column, row)] : [];
    this.readout(texts.filter(Boolean).join("\n"));
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
    if (gesture?.clicks) {
      this.pressed = null;
      return;
    }
    // A drawing that grows takes the place where the hand let go.
    if (this.pressed && event.button === 0 && (!this.moved || this.drawing.open)) {
      this.click(spot);
    }
    this.pressed = null;
  };

  private click(spot: Spot): void {
    const { tool } = readingUi();
    const { frame, stack } = this.controller.getView();
    if (!frame || !stack || tool === "brush" || tool === "eraser") {
      return;
    }
    const pin = pinAt(this.controller, spot);
    if (pin) {
      setReadingUi({ activeComment: pin, tab: "comments" });
      return;
    }
    const hit = hitAt(this.controller, spot);
    const hand = shapeOfTool(tool)?.hand;
    const clicks = hand?.way === "corners" || (hand?.way === "drag" && hand.clicks);
    // A segmentation lies under everything: one draws on it. A line is taken hold of.
    if (clicks && (this.drawing.open || !hit?.drawn)) {
      this.drawing.click(tool as DrawnKind, spot);
    } else if (tool === "comment" || (hand?.way === "text" && !hit?.drawn)) {
      if (!isWithin(frame, spot.image)) {
        say("There is no image here. Click on the image.");
      } else if (tool === "comment" || mayDraw(tool as DrawnKind)) {
        this.controller.stopCine();
        setReadingUi({
          typing: {
            pane: this.pane,
            x: spot.canvas[0],
            y: spot.canvas[1],
            purpose: tool === "comment" ? "comment" : "text",
            seriesUid: stack.seriesUid,
            frame,
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
    if (this.drawing.closable) {
      this.drawing.finish();
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
    if (this.held) {
      // The image stays under the hand that draws on it.
      return;
    }
    takePane(this.pane);
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
    }
  };
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

/** The pane that keys and tools work on from now; what another one has begun is dropped. */
export function takePane(pane: PaneId): void {
  if (readingUi().activePane !== pane) {
    setReadingUi({ activePane: pane });
  }
  for (const [other, desk] of desks) {
    if (other !== pane) {
      desk.leave("you went on in the other image");
    }
  }
}

/** Take a tool; what was begun with another one is dropped, in every pane. */
export function takeTool(tool: ToolName): void {
  for (const desk of desks.values()) {
    desk.leave("you took another tool");
  }
  setReadingUi({ tool, typing: null });
}

/** Whether a hand draws in this pane at this moment: its image stays. */
export const isHeld = (pane: PaneId): boolean => deskOf(pane)?.held != null;
