/** What a layer is on one frame: fetched once, made into a picture or into lines, kept while there is room. */
import { fetchApi, get } from "../api/client";
import type { Schemas } from "../api/types";
import { type ColormapName, overlayTable } from "../geometry/colormaps";
import { type ImagePoint, imagePoint } from "../geometry/points";
import { layerArrived, layerFailed, layerKey, type SeriesLayer, useLayers } from "../state/reading-layers";
import { useReading } from "../state/reading-session";
import type { StackFrame } from "./series-stack";

/** A layer on a frame, at full opacity. */
export interface LayerPicture {
  /** Of pixels, of the size of the frame. */
  canvas: HTMLCanvasElement | null;
  lines: { closed: boolean; points: ImagePoint[] }[];
  /** Of maps and dose, in their unit, row by row. */
  values: Float32Array | null;
}

const most = 96;
const known = new Map<string, LayerPicture>();
const asked = new Set<string>();

/** The colours that values are shown in. */
export const colormapOf = (layer: SeriesLayer): ColormapName => (layer.kind === "dose" ? "turbo" : "viridis");

function canvasOf(frame: StackFrame, paint: (pixels: Uint32Array) => void): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = frame.columns;
  canvas.height = frame.rows;
  const picture = new ImageData(frame.columns, frame.rows);
  paint(new Uint32Array(picture.data.buffer));
  canvas.getContext("2d")?.putImageData(picture, 0, 0);
  return canvas;
}

function segmentCanvas(frame: StackFrame, color: string, shares: Uint8Array): HTMLCanvasElement {
  const [red = 255, green = 255, blue = 255] = [1, 3, 5].map((at) =>
    Number.parseInt(color.slice(at, at + 2), 16),
  );
  return canvasOf(frame, (pixels) => {
    for (let i = 0; i < pixels.length; i += 1) {
      const share = shares[i] ?? 0;
      pixels[i] = share === 0 ? 0 : ((share << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    }
  });
}

function valueCanvas(frame: StackFrame, layer: SeriesLayer, values: Float32Array): HTMLCanvasElement {
  const colors = new Uint32Array(overlayTable(colormapOf(layer), 1, 0).buffer);
  const low = layer.low ?? 0;
  const span = (layer.high ?? 1) - low || 1;
  return canvasOf(frame, (pixels) => {
    for (let i = 0; i < pixels.length; i += 1) {
      const value = values[i] ?? Number.NaN;
      const at = Math.min(255, Math.max(0, Math.round(((value - low) / span) * 255)));
      pixels[i] = Number.isNaN(value) ? 0 : (colors[at] ?? 0);
    }
  });
}

async function load(frame: StackFrame, layer: SeriesLayer): Promise<LayerPicture> {
  const below = `${frame.path}/layers/${layer.sop_instance_uid}/${layer.number}` as const;
  if (layer.kind === "outlines") {
    const { lines } = await get<Schemas["LayerLinesOut"]>(`${below}/lines`);
    const placed = lines.map(({ closed, points }) => ({
      closed,
      points: points.map(([column, row]) => imagePoint(column, row)),
    }));
    return { canvas: null, lines: placed, values: null };
  }
  const buffer = await (await fetchApi("GET", `${below}/pixels`)).arrayBuffer();
  if (layer.kind === "segment") {
    return { canvas: segmentCanvas(frame, layer.color, new Uint8Array(buffer)), lines: [], values: null };
  }
  const values = new Float32Array(buffer);
  return { canvas: valueCanvas(frame, layer, values), lines: [], values };
}

/** The layer on this frame if it is here; else it is fetched, and whoever draws is told when it has arrived. */
export function layerOn(frame: StackFrame, layer: SeriesLayer): LayerPicture | null {
  if (!layer.places.includes(frame.place)) {
    return null;
  }
  const key = `${frame.imageId}#${layerKey(layer)}`;
  const here = known.get(key);
  if (here) {
    // The order of the map is the order of use.
    known.delete(key);
    known.set(key, here);
    return here;
  }
  if (!asked.has(key) && useLayers.getState().problems[layerKey(layer)] === undefined) {
    asked.add(key);
    const { workitemId } = useReading.getState();
    load(frame, layer)
      .then((picture) => {
        if (workitemId === useReading.getState().workitemId) {
          known.set(key, picture);
          const [oldest] = known.keys();
          if (known.size > most && oldest !== undefined) {
            known.delete(oldest);
          }
          layerArrived();
        }
      })
      .catch((thrown: unknown) => layerFailed(layer, thrown))
      .finally(() => asked.delete(key));
  }
  return null;
}

useReading.subscribe((now, before) => {
  if (now.workitemId !== before.workitemId) {
    known.clear();
  }
});
