/** Overlay planes of the image itself (PS3.3 C.9.2): fetched as bits, drawn in their own places. */
import { fetchApi } from "../api/client";
import type { OverlayFacts } from "../geometry/frame-facts";
import type { StackFrame } from "./series-stack";

const planes = new Map<string, HTMLCanvasElement>();
/** Graphics stand firm, regions of interest let the image through: [red, green, blue, alpha]. */
const tints = { G: [255, 214, 102, 255], R: [102, 217, 255, 140] } as const;
const most = 64;

const keyOf = (frame: StackFrame, overlay: OverlayFacts) => `${frame.imageId}#${overlay.group}`;

function drawn(bits: Uint8Array, overlay: OverlayFacts): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = overlay.columns;
  canvas.height = overlay.rows;
  const picture = new ImageData(overlay.columns, overlay.rows);
  const tint = tints[overlay.overlay_type];
  for (let i = 0; i < overlay.rows * overlay.columns; i += 1) {
    if (((bits[i >> 3] ?? 0) >> (i & 7)) & 1) {
      picture.data.set(tint, i * 4);
    }
  }
  canvas.getContext("2d")?.putImageData(picture, 0, 0);
  return canvas;
}

/** Fetch the planes of a frame that are not here yet. */
export async function loadOverlays(frame: StackFrame): Promise<void> {
  for (const overlay of frame.overlays) {
    const key = keyOf(frame, overlay);
    if (!planes.has(key)) {
      const answer = await fetchApi("GET", `${frame.path}/overlays/${overlay.group}`);
      planes.set(key, drawn(new Uint8Array(await answer.arrayBuffer()), overlay));
      const [oldest] = planes.keys();
      if (planes.size > most && oldest !== undefined) {
        planes.delete(oldest);
      }
    }
  }
}

/** Draw the planes of a frame; the context's pixel (0, 0) is the corner of the image's first pixel. */
export function paintOverlays(context: CanvasRenderingContext2D, frame: StackFrame): void {
  for (const overlay of frame.overlays) {
    const plane = planes.get(keyOf(frame, overlay));
    if (plane) {
      const smooth = context.imageSmoothingEnabled;
      context.imageSmoothingEnabled = false;
      context.drawImage(plane, overlay.origin[1] - 1, overlay.origin[0] - 1);
      context.imageSmoothingEnabled = smooth;
    }
  }
}
