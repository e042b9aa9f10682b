import { describe, expect, it, vi } from "vitest";
import type { PredictionOut, SaliencyOut } from "../../state/reading-types";
import { absentWords, rangeWords, strengthWords, withheldWords } from "./map-words";

vi.mock("../../viewer/findings-on-frame", () => ({ labelMeaning: (key: string) => key }));

const scale = (changes: Partial<NonNullable<SaliencyOut["scale"]>>) => ({
  unit: "logit" as const,
  low: -0.0213,
  high: 0.0412,
  strongest: 0.41,
  cases: 24,
  share: 0.1,
  is_weak: true,
  ...changes,
});

const prediction = {
  output: {
    labels: { nodule: { probability: 0.12, threshold: 0.34 }, mass: { probability: 0.8, threshold: 0.5 } },
  },
  explanations_withheld: [
    {
      method: "location",
      label: "Location head",
      label_key: "nodule",
      code: "a",
      why: "Not offered: no place.",
    },
    { method: "other", label: "Other", label_key: "mass", code: "b", why: "Not offered: b." },
  ],
} as unknown as PredictionOut;

describe("the words of a map's legend", () => {
  it("give its own values and where they stand among those of the version", () => {
    expect(rangeWords(scale({}))).toBe("-0.021 to 0.041 logit");
    expect(strengthWords(scale({}))).toBe("Weak: 10 % of the strongest on 24 validation cases (0.41 logit).");
    expect(strengthWords(scale({ share: 0.7, is_weak: false }))).not.toContain("Weak");
    expect(strengthWords(scale({ share: 1.2, is_weak: false }))).toContain("Stronger than the strongest");
    expect(strengthWords(scale({ share: null, strongest: null, is_weak: false }))).toContain("not measured");
    expect(strengthWords(scale({ high: -0.1 }))).toContain("Nothing in this image speaks for it");
  });

  it("call a location head unsure, and leave an entropy alone", () => {
    const unsure = scale({ unit: "probability", low: 0.01, high: 0.2, share: 0.2 });
    expect(rangeWords(unsure)).toBe("1 % to 20 %");
    expect(strengthWords(unsure)).toContain("not sure of any place");
    expect(strengthWords(scale({ unit: "bits", is_weak: false }))).toBe("");
  });

  it("say what the colours mean where the answer is no", () => {
    expect(absentWords(prediction, "nodule", true)).toContain(
      "The model's answer is no (12 %, below its 34 %)",
    );
    expect(absentWords(prediction, "mass", true)).toBe("");
    expect(absentWords(prediction, "nodule", false)).toBe("");
  });

  it("say of the label in question what is not offered and why", () => {
    expect(withheldWords(prediction, "nodule")).toEqual(["Location head: not offered: no place."]);
    expect(withheldWords(undefined, "nodule")).toEqual([]);
  });
});
