import { describe, expect, it } from "vitest";
import type { Agreement, PredictionOut } from "../../state/reading-types";
import { agreementWords, modelOpinion, nothingProposed } from "./opinions";

const prediction = (probability: number, version: "live" | "retired") =>
  ({
    state: "finished",
    superseded: false,
    version: { state: version },
    output: { labels: { opacity: { probability, logit: 0, threshold: 0.3 } } },
  }) as unknown as PredictionOut;

const compared = (fields: Partial<Agreement>): Agreement => ({
  label_key: "opacity",
  reader: { present: true, extent: null },
  model: { present: true, extent: null },
  dice: null,
  verdict: "agree",
  ...fields,
});

describe("reader and model", () => {
  it("are told apart by what they drew, with its size, not by the word alone", () => {
    const row = compared({
      verdict: "drawn_differently",
      dice: 0.4312,
      reader: { present: true, extent: { measure: "area", value: 1014, unit: "mm2" } },
      model: { present: true, extent: { measure: "area", value: 2441, unit: "mm2" } },
    });
    expect(agreementWords(row)).toEqual({
      agree: false,
      words: "both say present, drawn differently: Dice 0.43, 1014 mm² against 2441 mm²",
    });
  });

  it("are not compared while one of them says nothing", () => {
    expect(agreementWords(compared({ verdict: null }))).toBeNull();
    expect(agreementWords(undefined)).toBeNull();
  });

  it("show the model's answer also where it proposes nothing", () => {
    const opinion = modelOpinion([prediction(0.9, "retired"), prediction(0.22, "live")], "opacity");
    expect(nothingProposed(opinion)).toBe("Absent: 22 %, below 30 %");
    expect(nothingProposed(null), "nothing is said for a model that has not looked").toBeNull();
  });
});
