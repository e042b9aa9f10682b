import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { imagePoint } from "./points";
import { lengthScale, type Spacing, spacingUnder } from "./spacing";

interface Case {
  name: string;
  spacing: Spacing;
  points: [number, number][];
  length: number;
  unit: string;
  source: string;
  words: string;
}

/** The server reads the same file (tests/imaging/test_spacing.py). */
const cases = JSON.parse(readFileSync("../tests/fixtures/spacing.json", "utf8")) as Case[];

describe("a length", () => {
  it.each(cases)("$name", ({ spacing, points, length, unit, source, words }) => {
    const at = points.map(([column, row]) => imagePoint(column, row));
    const scale = lengthScale(spacingUnder(spacing, at));
    const found = at.slice(1).reduce((sum, point, index) => {
      const before = at[index] ?? point;
      return sum + Math.hypot((point[0] - before[0]) * scale.column, (point[1] - before[1]) * scale.row);
    }, 0);
    expect(found).toBeCloseTo(length, 3);
    expect(scale).toMatchObject({ unit, source, words });
  });
});
