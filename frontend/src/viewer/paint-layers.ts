/** Layers of the study's own objects, laid through the image's transform so that they stay on its pixels. */
import { type Affine, cornerBased, toCanvas } from "../geometry/affine";
import { figures } from "../geometry/measure";
import { lookOf, type SeriesLayer, shownLayers, useLayers } from "../state/reading-layers";
import { type LayerPicture, layerOn } from "./layer-pictures";
import type { StackFrame } from "./series-stack";

/** What lies lowest is drawn first: values, areas, lines. */
const order: Record<SeriesLayer["kind"], number> = { dose: 0, map: 1, segment: 2, outlines: 3 };

const seriesOf = (frame: StackFrame) => frame.path.split("/")[3] ?? "";

export function paintLayers(
  context: CanvasRenderingContext2D,
  imageToCanvas: Affine,
  dpr: number,
  frame: StackFrame,
): number {
  let drawn = 0;
  const shown = shownLayers(seriesOf(frame)).sort((a, b) => order[a.kind] - order[b.kind]);
  for (const layer of shown) {
    const picture = layerOn(frame, layer);
    if (picture) {
      drawn += 1;
      context.globalAlpha = lookOf(useLayers.getState(), layer).opacity;
      if (picture.canvas) {
        const m = cornerBased(imageToCanvas);
        context.setTransform(m.a * dpr, m.b * dpr, m.c * dpr, m.d * dpr, m.e * dpr, m.f * dpr);
        context.imageSmoothingEnabled = false;
        context.drawImage(picture.canvas, 0, 0);
      }
      paintLines(context, imageToCanvas, dpr, picture, layer.color);
    }
  }
  context.globalAlpha = 1;
  return drawn;
}

function paintLines(
  context: CanvasRenderingContext2D,
  imageToCanvas: Affine,
  dpr: number,
  { lines }: LayerPicture,
  color: string,
): void {
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.strokeStyle = color;
  context.lineWidth = 2;
  for (const { closed, points } of lines) {
    context.beginPath();
    const [first] = points;
    if (points.length === 1 && first) {
      const [x, y] = toCanvas(imageToCanvas, first);
      context.arc(x, y, 4, 0, 2 * Math.PI);
    }
    for (const [index, point] of points.entries()) {
      const [x, y] = toCanvas(imageToCanvas, point);
      if (index === 0) {
        if (points.length > 1) {
          context.moveTo(x, y);
        }
      } else {
        context.lineTo(x, y);
      }
    }
    if (closed) {
      context.closePath();
    }
    context.stroke();
  }
}

/** "Dose 41.2 Gy" of each map that is on, for the pixel under the cursor. */
export function layerText(frame: StackFrame, column: number, row: number): string {
  if (column < 0 || row < 0 || column >= frame.columns || row >= frame.rows) {
    return "";
  }
  return shownLayers(seriesOf(frame))
    .flatMap((layer) => {
      const value = layerOn(frame, layer)?.values?.[row * frame.columns + column];
      return value === undefined || Number.isNaN(value)
        ? []
        : [`${layer.label}: ${figures(value)} ${layer.unit}`.trim()];
    })
    .join("\n");
}
