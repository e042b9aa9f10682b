import { type Affine, cornerBased } from "../geometry/affine";
import { overlayTable } from "../geometry/colormaps";
import { frameKey } from "../geometry/frame-facts";
import { useSaliency } from "../state/reading-saliency";
import { readingUi } from "../state/reading-ui";
import type { StackFrame } from "./series-stack";

let drawn: { key: string; canvas: HTMLCanvasElement } | null = null;

/** The map of a frame as a picture of the map's own size, or null when the map does not cover the frame. */
function pictureOf(frame: StackFrame): HTMLCanvasElement | null {
  const { status, out, map } = useSaliency.getState();
  const { on, opacity, threshold, colormap } = readingUi().saliency;
  if (!on || status !== "ready" || !out || !map) {
    return null;
  }
  const key = frameKey(frame);
  const k = out.frames.findIndex((one) => `${one.sop_instance_uid}/${one.frame_number}` === key);
  const [, rows = 0, columns = 0] = out.shape_kji;
  if (k < 0 || rows * columns === 0 || map.length < (k + 1) * rows * columns) {
    return null;
  }
  const look = `${out.id}|${k}|${opacity}|${threshold}|${colormap}`;
  if (drawn?.key === look) {
    return drawn.canvas;
  }
  const table = overlayTable(colormap, opacity, threshold);
  const picture = new ImageData(columns, rows);
  const colors = new Uint32Array(table.buffer);
  const pixels = new Uint32Array(picture.data.buffer);
  const from = k * rows * columns;
  for (let i = 0; i < pixels.length; i += 1) {
    pixels[i] = colors[map[from + i] ?? 0] ?? 0;
  }
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  canvas.getContext("2d")?.putImageData(picture, 0, 0);
  drawn = { key: look, canvas };
  return canvas;
}

/** Lay the map over the image through the image's own transform, so that it stays on its pixels. */
export function paintSaliency(
  context: CanvasRenderingContext2D,
  imageToCanvas: Affine,
  dpr: number,
  frame: StackFrame,
): boolean {
  const picture = pictureOf(frame);
  if (!picture) {
    return false;
  }
  const m = cornerBased(imageToCanvas);
  const sx = frame.columns / picture.width;
  const sy = frame.rows / picture.height;
  context.setTransform(m.a * sx * dpr, m.b * sx * dpr, m.c * sy * dpr, m.d * sy * dpr, m.e * dpr, m.f * dpr);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0);
  return true;
}
