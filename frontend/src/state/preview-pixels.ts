import type { PreviewTileOut } from "../api/types";

/** In the places of a tile: a reviewer said that the label is not there. */
export const rejectedPlace = 255;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** "#ff8800" as red, green and blue; grey where it is no colour. */
function partsOf(color: string): [number, number, number] {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  const [, r = "80", g = "80", b = "80"] = found ?? [];
  return [Number.parseInt(r, 16), Number.parseInt(g, 16), Number.parseInt(b, 16)];
}

/** Say whether a pixel of a place has a neighbour that is none of it: its outline. */
function isEdge(places: Uint8Array, at: number, rows: number, columns: number): boolean {
  const row = Math.floor(at / columns);
  const column = at % columns;
  const place = places[at];
  return (
    row === 0 ||
    column === 0 ||
    row === rows - 1 ||
    column === columns - 1 ||
    places[at - 1] !== place ||
    places[at + 1] !== place ||
    places[at - columns] !== place ||
    places[at + columns] !== place
  );
}

/**
 * A tile as RGBA, row by row: its greys or colours, and around each marked place the outline in its label's colour.
 *
 * @param colors of the labels, in the order of their numbers; of rejected places `rejected`.
 */
export function tilePixels(tile: PreviewTileOut, colors: string[], rejected: string): Uint8ClampedArray {
  const { rows, columns, channels } = tile;
  const image = bytesOf(tile.image);
  const places = bytesOf(tile.places);
  const pixels = new Uint8ClampedArray(rows * columns * 4);
  for (let at = 0; at < rows * columns; at += 1) {
    const place = places[at] ?? 0;
    const outlined = place > 0 && isEdge(places, at, rows, columns);
    const color = place === rejectedPlace ? rejected : (colors[place - 1] ?? "");
    const drawn = outlined ? partsOf(color) : null;
    for (let part = 0; part < 3; part += 1) {
      pixels[at * 4 + part] = drawn ? (drawn[part] ?? 0) : (image[at * channels + (part % channels)] ?? 0);
    }
    pixels[at * 4 + 3] = 255;
  }
  return pixels;
}
