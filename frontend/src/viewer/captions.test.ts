import { beforeEach, describe, expect, it } from "vitest";
import { canvasPoint } from "../geometry/points";
import { setReadingUi } from "../state/reading-ui";
import { type Caption, captionAt, moveCaption, placeCaptions } from "./captions";

const room = { width: 800, height: 600 };
const widthOf = (line: string) => line.length * 7;
const caption = (key: string, x: number, y: number, lines = 2): Caption => ({
  key,
  lines: Array.from({ length: lines }, (_, index) => `${key} line ${index}`),
  color: "#ffffff",
  anchor: canvasPoint(x, y),
  left: x - 30,
});

const together = (placed: ReturnType<typeof placeCaptions>) =>
  placed.some((a, i) =>
    placed.some(
      (b, j) =>
        i < j && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
    ),
  );

describe("captions", () => {
  beforeEach(() => setReadingUi({ captionOffsets: {} }));

  it("do not lie on one another where ten drawings end in one place", () => {
    const placed = placeCaptions(
      Array.from({ length: 10 }, (_, index) => caption(`f${index}`, 400 + index, 300, 3)),
      widthOf,
      room,
    );
    expect(placed).toHaveLength(10);
    expect(together(placed)).toBe(false);
  });

  it("stay inside the picture", () => {
    for (const { x, y, width, height } of placeCaptions(
      [caption("a", 795, 595), caption("b", 2, 1)],
      widthOf,
      room,
    )) {
      expect(x >= 0 && y >= 0 && x + width <= room.width && y + height <= room.height).toBe(true);
    }
  });

  it("stand where the hand put them, and the others keep off", () => {
    moveCaption("a", [-120, 80]);
    const placed = placeCaptions([caption("b", 285, 385), caption("a", 400, 300)], widthOf, room);
    expect(placed.find((one) => one.caption.key === "a")).toMatchObject({ x: 280, y: 380, apart: true });
    expect(together(placed)).toBe(false);
    expect(captionAt(placed, canvasPoint(282, 382))?.caption.key).toBe("a");
  });
});
