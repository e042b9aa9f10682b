import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { DrawnKind, FindingKind } from "../geometry/content";
import { FrameScale, statisticsOf } from "../geometry/measure";
import { imagePoint } from "../geometry/points";
import { runsFromMask } from "../geometry/runs";
import { distanceToLine } from "../geometry/shapes";
import { isDrawn, kindOf, shapeOf, shapes } from "./shape-kinds";

interface Case {
  name: string;
  kind: DrawnKind;
  points: [number, number][];
  rows: number;
  columns: number;
  spacing_mm: [number, number] | null;
  measures: Record<string, number>;
  runs?: number[];
  values?: { count: number; mean: number; sd: number; minimum: number; maximum: number };
}

const cases = JSON.parse(readFileSync("../tests/fixtures/kinds.json", "utf8")) as Case[];

describe("what both languages must agree on", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", (_name, one) => {
    const shape = shapeOf(one.kind);
    const points = one.points.map(([column, row]) => imagePoint(column, row));
    const mm = one.spacing_mm;
    const spacing = {
      mm,
      source: mm ? "pixel_spacing" : "none",
      words: "",
      aspect: mm ?? [1, 1],
      regions: [],
    };
    const scale = new FrameScale({ spacing } as ConstructorParameters<typeof FrameScale>[0], points);
    const found = shape.measures(points, scale);
    expect(Object.keys(found).sort()).toEqual(Object.keys(one.measures).sort());
    for (const [name, value] of Object.entries(one.measures)) {
      expect(found[name]?.value).toBeCloseTo(value, 3);
    }
    expect(shape.fault(points, one)).toBeNull();
    const pixels = new Uint8Array(one.rows * one.columns);
    shape.eachPixel(points, one.rows, one.columns, (column, row) => {
      pixels[row * one.columns + column] = 1;
    });
    expect(runsFromMask(pixels)).toEqual(one.runs ?? []);
    const inside = statisticsOf(
      (visit) => shape.eachPixel(points, one.rows, one.columns, visit),
      (column, row) => 3 * row - 2 * column + 7,
    );
    expect(inside?.count).toBe(one.values?.count);
    if (inside && one.values) {
      expect(inside.mean).toBeCloseTo(one.values.mean, 6);
      expect(inside.deviation).toBeCloseTo(one.values.sd, 6);
      expect([inside.min, inside.max]).toEqual([one.values.minimum, one.values.maximum]);
    }
  });

  it("has every kind in one file each, with its own key", () => {
    expect(shapes.map((shape) => shape.name)).toEqual([
      "length",
      "rectangle",
      "ellipse",
      "polygon",
      "freehand",
      "point",
    ]);
    expect(new Set(shapes.map((shape) => shape.key)).size).toBe(shapes.length);
    expect([kindOf("mask").use, kindOf("image_label").use]).toEqual(["segment", "image"]);
    expect(isDrawn("mask")).toBe(false);
  });
});

describe("the two files of a kind", () => {
  const folder = "../annotations/geometry/kinds";
  const files = readdirSync(folder).filter((file) => file.endsWith(".py") && file !== "__init__.py");
  const said = (file: string, what: string) =>
    new RegExp(`^    ${what} = "(.+)"$`, "m").exec(readFileSync(`${folder}/${file}`, "utf8"))?.[1];

  it.each(files)("%s says the same as its twin", (file) => {
    const kind = kindOf(said(file, "name") as FindingKind);
    expect(kind.word).toBe(said(file, "word"));
    expect(readdirSync("src/viewer/kinds")).toContain(`${kind.name.replace("_", "-")}.ts`);
  });
});

describe("a dragged corner", () => {
  const box = [
    [0, 0],
    [40, 0],
    [40, 10],
    [0, 10],
  ].map(([column, row]) => imagePoint(column ?? 0, row ?? 0));

  it.each([
    [0, [-1, 1], { width: 41, height: 9 }],
    [1, [41, 1], { width: 41, height: 9 }],
    [2, [41, 9], { width: 41, height: 9 }],
    [3, [-1, 9], { width: 41, height: 9 }],
  ] as const)("number %i keeps width and height apart", (index, to, size) => {
    const shape = shapeOf("rectangle");
    const points = shape.withHandleAt(box, index, imagePoint(to[0], to[1]));
    const [a, b, c] = points;
    expect(points[index]).toEqual(to);
    // What a server that takes the first side for the width makes of it.
    expect(Math.hypot((b?.[0] ?? 0) - (a?.[0] ?? 0), (b?.[1] ?? 0) - (a?.[1] ?? 0))).toBe(size.width);
    expect(Math.hypot((c?.[0] ?? 0) - (b?.[0] ?? 0), (c?.[1] ?? 0) - (b?.[1] ?? 0))).toBe(size.height);
    expect(points[(index + 2) % 4]).toEqual(box[(index + 2) % 4]);
  });
});

describe("what cannot be such a drawing", () => {
  const size = { rows: 40, columns: 50 };
  const at = (...points: [number, number][]) => points.map(([column, row]) => imagePoint(column, row));

  it.each([
    ["length", at([5, 5], [5, 5]), "one place"],
    ["rectangle", at([-0.5, 3], [-0.5, 3], [-0.5, 9], [-0.5, 9]), "holds no pixel"],
    ["ellipse", at([5, 5], [5, 5], [5, 5], [5, 5]), "holds no pixel"],
    ["polygon", at([5, 5], [9, 9], [5, 5]), "three different points"],
    ["freehand", at([5.3, 5], [9.3, 5], [15.3, 5]), "holds no pixel"],
  ] as const)("is said of a %s", (kind, points, words) => {
    expect(shapeOf(kind).fault(points, size)).toContain(words);
  });
});

describe("an ellipse", () => {
  it("is found by its line, not by its middle", () => {
    const { hand, outline, area } = shapeOf("ellipse");
    const points = hand.way === "drag" ? hand.points(imagePoint(0, 0), imagePoint(20, 10), false) : [];
    expect(distanceToLine(outline(points), area, imagePoint(20, 5))).toBeLessThan(0.1);
    expect(distanceToLine(outline(points), area, imagePoint(10, 5))).toBeGreaterThan(4);
  });
});
