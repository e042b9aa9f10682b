import { expect, test } from "vitest";
import type { PreviewTileOut } from "../api/types";
import { tilePixels } from "./preview-pixels";

const tile = (image: number[], places: number[], rows: number, columns: number, channels = 1) =>
  ({
    rows,
    columns,
    channels,
    image: btoa(String.fromCharCode(...image)),
    places: btoa(String.fromCharCode(...places)),
  }) as PreviewTileOut;

test("a place is outlined in its label's colour and its inside stays the image", () => {
  const places = new Array(25).fill(0);
  for (const at of [6, 7, 8, 11, 12, 13, 16, 17, 18]) {
    places[at] = 1;
  }
  const pixels = tilePixels(tile(new Array(25).fill(90), places, 5, 5), ["#ff8800"], "#ffffff");
  expect([...pixels.slice(6 * 4, 6 * 4 + 4)]).toEqual([255, 136, 0, 255]);
  expect([...pixels.slice(12 * 4, 12 * 4 + 4)]).toEqual([90, 90, 90, 255]);
  expect([...pixels.slice(0, 4)]).toEqual([90, 90, 90, 255]);
});

test("colours stay colours and a rejected place has a colour of its own", () => {
  const pixels = tilePixels(tile([10, 20, 30, 40, 50, 60], [0, 255], 1, 2, 3), ["#ff8800"], "#0000ff");
  expect([...pixels]).toEqual([10, 20, 30, 255, 0, 0, 255, 255]);
});
