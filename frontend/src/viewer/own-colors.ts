/** The colours that a grey image itself asks for, of its stored values from some value on (PS3.3 C.8.16.2.1.1.1). */
import { fetchApi } from "../api/client";
import type { StackFrame } from "./series-stack";

/** Colours of the entries as the canvas holds them, by the frame's address. */
const tables = new Map<string, Uint32Array>();

/** Fetch the colours of a frame, once. */
export async function loadOwnColors(frame: StackFrame): Promise<void> {
  if (!frame.ownColors || tables.has(frame.imageId)) {
    return;
  }
  const answer = await fetchApi("GET", `${frame.path}/colors`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const colors = new Uint32Array(Math.floor(bytes.length / 3));
  for (let i = 0; i < colors.length; i += 1) {
    const [red = 0, green = 0, blue = 0] = bytes.subarray(3 * i, 3 * i + 3);
    colors[i] = (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
  }
  tables.set(frame.imageId, colors);
}

/** The colour of a stored value; undefined where it is grey. */
export function ownColorOf(frame: StackFrame): ((stored: number) => number | undefined) | null {
  const colors = tables.get(frame.imageId);
  const first = frame.ownColors?.first;
  if (!colors || first === undefined) {
    return null;
  }
  return (stored) => (stored < first ? undefined : colors[Math.min(stored - first, colors.length - 1)]);
}
