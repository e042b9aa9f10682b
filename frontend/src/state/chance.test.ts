import { describe, expect, it } from "vitest";
import type { ClaimsOut } from "../api/types";
import { chanceWords, claimOf, formatApart, formatChance } from "./chance";

const bin = (n: number, shown: number, stands: "measured" | "disproved" | "unmeasured") => ({
  low: 0,
  high: 0,
  n,
  shown,
  stands,
  sentence: `Of ${n} test answers, ${shown} showed it.`,
});
const claims: ClaimsOut = {
  version_id: "v",
  report_id: "r",
  labels: {
    nodule: Array.from({ length: 10 }, (_, k) =>
      k === 8 ? bin(40, 31, "measured") : k === 9 ? bin(30, 9, "disproved") : bin(k, 0, "unmeasured"),
    ),
  },
};

describe("a model's probability", () => {
  it("below its threshold is written with the digits that tell the two apart", () => {
    expect(formatApart(0.22, 0.3)).toEqual(["22 %", "30 %"]);
    expect(formatApart(0.3702, 0.3709)).toEqual(["37.0 %", "37.1 %"]);
    expect(formatApart(0.37068, 0.37071)).toEqual(["37.068 %", "37.071 %"]);
    expect(formatApart(0.999, 0.9995)).toEqual(["99.9 %", "> 99.9 %"]);
  });

  it("is never written as certain", () => {
    const written = [0, 0.0004, 0.004, 0.01, 0.724, 0.99, 0.992, 0.9999, 1].map((one) => formatChance(one));
    expect(written).toEqual(["< 1 %", "< 1 %", "< 1 %", "1 %", "72 %", "99 %", "> 99 %", "> 99 %", "> 99 %"]);
    expect([formatChance(0.99999, 1), formatChance(0.0004, 1), formatChance(null)]).toEqual([
      "> 99.9 %",
      "< 0.1 %",
      "–",
    ]);
  });

  it("claims what the report measured on such answers, with their count", () => {
    expect(chanceWords(claims, "nodule", 0.84)).toEqual({
      text: "84 %",
      sentence: "Of 40 test answers, 31 showed it.",
    });
    expect(claimOf(claims, "nodule", 1)?.n).toBe(30);
    expect(claimOf(claims, "nodule", 0.3)?.n).toBe(3);
  });

  it("is called no probability where the report disproves it", () => {
    expect(chanceWords(claims, "nodule", 0.97).text).toBe("score 0.97");
    expect(chanceWords(claims, "nodule", 1).text).toBe("score 0.99");
  });

  it("claims nothing without a report", () => {
    expect(chanceWords({ ...claims, labels: {} }, "nodule", 0.84).sentence).toContain(
      "No report has measured",
    );
    expect(chanceWords(undefined, "nodule", 0.84).sentence).not.toContain("of 100");
  });
});
