/** What an alignment has on one frame: values fetched once, kept while there is room, made into a picture as asked. */
import { fetchApi } from "../api/client";
import { type ColormapName, overlayTable } from "../geometry/colormaps";
import {
  type Registration,
  registrationArrived,
  registrationFailed,
  useRegistration,
} from "../state/reading-registration";
import { useReading } from "../state/reading-session";
import type { StackFrame } from "./series-stack";

type What = "moved" | "inconsistency";

export const fusionColors: ColormapName = "hot";
export const errorColors: ColormapName = "turbo";

/** How the values become colours; `colors` null is grey. `opaque`: where there is no value it is black, not clear. */
export interface Look {
  low: number;
  high: number;
  colors: ColormapName | null;
  opaque: boolean;
  inverted: boolean;
}

const most = 96;
const known = new Map<string, Float32Array>();
const asked = new Set<string>();
const pictures = new Map<string, HTMLCanvasElement>();
const mostPictures = 12;

async function load(one: Registration, what: What, frame: StackFrame): Promise<Float32Array> {
  const below =
    `registrations/${one.id}/instances/${frame.sopInstanceUid}/frames/${frame.frameNumber}` as const;
  const answer = await fetchApi("GET", what === "moved" ? `${below}/moved` : `${below}/inconsistency`);
  return new Float32Array(await answer.arrayBuffer());
}

/** The values on this frame, row by row, if they are here; else they are fetched and whoever draws is told. */
export function valuesOn(one: Registration, what: What, frame: StackFrame): Float32Array | null {
  const key = `${one.id}#${what}#${frame.imageId}`;
  const here = known.get(key);
  if (here) {
    // The order of the map is the order of use.
    known.delete(key);
    known.set(key, here);
    return here;
  }
  if (!asked.has(key) && useRegistration.getState().problems[one.id] === undefined) {
    asked.add(key);
    const { workitemId } = useReading.getState();
    load(one, what, frame)
      .then((values) => {
        if (workitemId === useReading.getState().workitemId && values.length === frame.rows * frame.columns) {
          known.set(key, values);
          const [oldest] = known.keys();
          if (known.size > most && oldest !== undefined) {
            known.delete(oldest);
          }
          registrationArrived();
        }
      })
      .catch((thrown: unknown) => registrationFailed(one.id, thrown))
      .finally(() => asked.delete(key));
  }
  return null;
}

function colorTable(look: Look): Uint32Array {
  const table = look.colors
    ? new Uint32Array(overlayTable(look.colors, 1, 0).buffer)
    : Uint32Array.from({ length: 256 }, (_, grey) => (0xff000000 | (grey * 0x010101)) >>> 0);
  return look.inverted ? table.slice().reverse() : table;
}

function paint(pixels: Uint32Array, values: Float32Array, look: Look): void {
  const colors = colorTable(look);
  const span = look.high - look.low || 1;
  const none = look.opaque ? 0xff000000 : 0;
  for (let i = 0; i < pixels.length; i += 1) {
    const value = values[i] ?? Number.NaN;
    const at = Math.min(255, Math.max(0, Math.round(((value - look.low) / span) * 255)));
    pixels[i] = Number.isNaN(value) ? none : (colors[at] ?? 0);
  }
}

/** The picture of values on a frame, of the frame's size; null while they are on their way. */
export function pictureOn(
  one: Registration,
  what: What,
  frame: StackFrame,
  look: Look,
): HTMLCanvasElement | null {
  const values = valuesOn(one, what, frame);
  if (!values) {
    return null;
  }
  const key = `${one.id}#${what}#${frame.imageId}#${Object.values(look).join()}`;
  const made = pictures.get(key);
  if (made) {
    return made;
  }
  const canvas = document.createElement("canvas");
  canvas.width = frame.columns;
  canvas.height = frame.rows;
  const picture = new ImageData(frame.columns, frame.rows);
  paint(new Uint32Array(picture.data.buffer), values, look);
  canvas.getContext("2d")?.putImageData(picture, 0, 0);
  pictures.set(key, canvas);
  const [oldest] = pictures.keys();
  if (pictures.size > mostPictures && oldest !== undefined) {
    pictures.delete(oldest);
  }
  return canvas;
}

useReading.subscribe((now, before) => {
  if (now.workitemId !== before.workitemId) {
    known.clear();
    pictures.clear();
  }
});
