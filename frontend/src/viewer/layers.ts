/** Two canvases over the image: what lies on pixels (layers, saliency, masks) and what is drawn with lines. */
import { toCanvas } from "../geometry/affine";
import type { DrawnKind } from "../geometry/content";
import { frameKey } from "../geometry/frame-facts";
import { type ImagePoint, imagePoint } from "../geometry/points";
import { useClaims } from "../state/reading-chance";
import { useFindings } from "../state/reading-findings";
import { useLayers } from "../state/reading-layers";
import { useRegistration } from "../state/reading-registration";
import { useSaliency } from "../state/reading-saliency";
import { reading, useReading } from "../state/reading-session";
import { readingUi, useReadingUi } from "../state/reading-ui";
import { type Caption, type PlacedCaption, paintCaptions } from "./captions";
import { captionOf, drawnOn, paintedOn, writtenSize } from "./findings-on-frame";
import { paintLayers } from "./paint-layers";
import { paintMask, type WorkingMask } from "./paint-masks";
import { paintRegistration } from "./paint-registration";
import { paintSaliency } from "./paint-saliency";
import { paintBrush, paintPin, paintShape } from "./paint-shapes";
import { shapeOf } from "./shape-kinds";
import type { ViewportController } from "./viewport-controller";

/** A shape under the hand: being drawn, or an existing one being moved. */
export interface Sketch {
  kind: DrawnKind;
  points: ImagePoint[];
  color: string;
  /** The finding that is being moved; its stored shape is not drawn meanwhile. */
  replaces: string | null;
  /** The image it is drawn on; it is seen on no other. */
  frameId: string;
}

/** One step of 255 darker. */
const unseen = "rgba(0, 0, 0, 0.004)";

export class Layers {
  sketch: Sketch | null = null;
  working: WorkingMask | null = null;
  cursor: ImagePoint | null = null;
  /** Where the captions stand on the screen now. */
  captions: readonly PlacedCaption[] = [];
  private waiting = 0;
  private readonly leave: (() => void)[];

  constructor(
    private readonly controller: ViewportController,
    private readonly under: HTMLCanvasElement,
    private readonly over: HTMLCanvasElement,
  ) {
    const again = () => this.redraw();
    this.leave = [
      controller.subscribe(again),
      useFindings.subscribe(again),
      useReadingUi.subscribe(again),
      useReading.subscribe(again),
      useSaliency.subscribe(again),
      useLayers.subscribe(again),
      useRegistration.subscribe(again),
      useClaims.subscribe(again),
    ];
    this.redraw();
  }

  dispose(): void {
    cancelAnimationFrame(this.waiting);
    for (const leave of this.leave) {
      leave();
    }
  }

  /** Draw at the next animation frame; many wishes are one drawing. */
  redraw(): void {
    if (this.waiting === 0) {
      this.waiting = requestAnimationFrame(() => {
        this.waiting = 0;
        this.paint();
      });
    }
  }

  private prepared(canvas: HTMLCanvasElement, dpr: number): CanvasRenderingContext2D | null {
    const { size } = this.controller.getView();
    const width = Math.round(size.width * dpr);
    const height = Math.round(size.height * dpr);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    context?.setTransform(1, 0, 0, 1, 0, 0);
    context?.clearRect(0, 0, width, height);
    if (context) {
      // Chromium may drop a frame of which only the clearing is left, and then shows again what was deleted: one
      // pixel that nobody sees keeps every frame.
      context.fillStyle = unseen;
      context.fillRect(0, 0, 1, 1);
    }
    return context;
  }

  private paint(): void {
    const view = this.controller.getView();
    const dpr = window.devicePixelRatio || 1;
    const under = this.prepared(this.under, dpr);
    const over = this.prepared(this.over, dpr);
    const { frame, imageToCanvas } = view;
    if (!under || !over || !frame || view.status !== "ready") {
      return;
    }
    this.under.dataset.aligned = paintRegistration(under, view, dpr, frame);
    this.under.dataset.layers = String(paintLayers(under, imageToCanvas, dpr, frame));
    this.under.dataset.saliency = String(paintSaliency(under, imageToCanvas, dpr, frame));
    for (const mask of paintedOn(frame)) {
      if (mask.row.key !== this.working?.findingKey || this.working.frameId !== frame.imageId) {
        paintMask(under, imageToCanvas, dpr, { ...mask, byModel: mask.row.byModel });
      }
    }
    if (this.working?.frameId === frame.imageId) {
      this.working.paint(under, imageToCanvas, dpr);
    }
    over.setTransform(dpr, 0, 0, dpr, 0, 0);
    this.paintLines(over);
  }

  private paintLines(over: CanvasRenderingContext2D): void {
    const { frame, imageToCanvas } = this.controller.getView();
    const { selected, hovered, tool, brushRadius, activeComment } = readingUi();
    if (!frame) {
      return;
    }
    const captions: Caption[] = [];
    const caption = (key: string, kind: DrawnKind, points: readonly ImagePoint[], color: string) => {
      const line = shapeOf(kind)
        .outline(points)
        .map((point) => toCanvas(imageToCanvas, point));
      const anchor = line.reduce((best, point) => (point[0] > best[0] ? point : best));
      return { key, color, anchor, left: Math.min(...line.map((point) => point[0])) };
    };
    const sketch = this.sketch?.frameId === frame.imageId ? this.sketch : null;
    for (const found of drawnOn(frame)) {
      if (found.row.key === sketch?.replaces) {
        continue;
      }
      captions.push({
        ...caption(found.row.key, found.kind, found.points, found.color),
        lines: captionOf(found, frame, found.row.key === selected || found.row.key === hovered),
      });
      paintShape(over, imageToCanvas, shapeOf(found.kind), found.points, {
        color: found.color,
        selected: found.row.key === selected,
        hovered: found.row.key === hovered,
        dashed: found.row.byModel,
        locked: found.row.content.locked || found.row.byModel,
      });
    }
    if (sketch) {
      const size = writtenSize(sketch.kind, sketch.points, frame);
      captions.push({
        ...caption("", sketch.kind, sketch.points, sketch.color),
        lines: size ? [size] : [],
      });
      paintShape(over, imageToCanvas, shapeOf(sketch.kind), sketch.points, {
        color: sketch.color,
        selected: true,
        hovered: false,
        dashed: false,
        locked: false,
      });
    }
    this.captions = paintCaptions(over, captions, this.controller.getView().size);
    reading()
      .comments.filter((comment) => comment.pin)
      .forEach((comment, index) => {
        const { pin } = comment;
        if (pin && `${pin.sop_instance_uid}/${pin.frame_number}` === frameKey(frame)) {
          const at = toCanvas(imageToCanvas, imagePoint(pin.point[0], pin.point[1]));
          paintPin(over, at, index + 1, comment.id === activeComment);
        }
      });
    if (this.cursor && (tool === "brush" || tool === "eraser")) {
      paintBrush(over, imageToCanvas, this.cursor, brushRadius, tool === "eraser");
    }
  }
}
