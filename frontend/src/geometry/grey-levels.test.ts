import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { VoiFunction } from "./frame-facts";
import { byteTable, type GreyLevels, levelOf } from "./grey-levels";

interface Case {
  name: string;
  window?: { center: number; width: number; function: VoiFunction };
  table?: { first: number; levels: number[] };
  values: number[];
  levels: number[];
}

const { cases } = JSON.parse(readFileSync("../tests/fixtures/grey_levels.json", "utf8")) as { cases: Case[] };

const levelsOf = ({ window, table }: Case): GreyLevels =>
  window
    ? { kind: "window", ...window }
    : { kind: "table", first: table?.first ?? 0, levels: new Float32Array(table?.levels ?? []) };

describe("grey levels", () => {
  it.each(cases)("follow the standard: $name", (one) => {
    one.values.forEach((value, index) => {
      expect(levelOf(levelsOf(one), value), String(value)).toBeCloseTo(one.levels[index] ?? Number.NaN, 6);
    });
  });

  it("are worked out once for each value that a sample can have, dark where the image is inverted", () => {
    const how: GreyLevels = { kind: "window", center: 0, width: 2, function: "LINEAR_EXACT" };
    const samples = { lowest: -2, count: 5, slope: 0.5, intercept: 0 };
    expect([...byteTable(how, samples, false)]).toEqual([0, 64, 128, 191, 255]);
    expect([...byteTable(how, samples, true)]).toEqual([255, 191, 128, 64, 0]);
  });
});
