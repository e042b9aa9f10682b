import { describe, expect, it } from "vitest";
import { boxAround, lineOf, wholeOf } from "./example-view";

const square = [
  [9.5, 19.5],
  [13.5, 19.5],
  [13.5, 23.5],
  [9.5, 23.5],
];

describe("an example of a report", () => {
  it("is outlined along the edges of its pixels", () => {
    expect(lineOf([square])).toBe("M9.5 19.5L13.5 19.5L13.5 23.5L9.5 23.5Z");
    expect(wholeOf({ rows: 40, columns: 48, pixel_aspect: 1 })).toEqual({
      left: -0.5,
      top: -0.5,
      width: 48,
      height: 40,
    });
  });

  it("is shown close up in the middle of a square, never smaller than a quarter of the image", () => {
    const box = boxAround([square], { rows: 40, columns: 48, pixel_aspect: 1 });
    expect(box).toEqual({ left: 5.5, top: 15.5, width: 12, height: 12 });
    const tall = boxAround([square], { rows: 40, columns: 48, pixel_aspect: 2 });
    expect(tall.width).toBe(20);
    expect(tall.height * 2).toBe(tall.width);
    expect(boxAround([], { rows: 40, columns: 48, pixel_aspect: 1 }).width).toBe(48);
  });
});
