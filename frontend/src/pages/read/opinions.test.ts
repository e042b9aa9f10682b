import { describe, expect, it } from "vitest";
import type { Agreement, PredictionOut } from "../../state/reading-types";
import { agreementWords, modelOpinion, modelSays, nothingProposed, sideWords } from "./opinions";

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
  words: "Reader and model agree.",
  disagrees: false,
  waiting: [],
  ...fields,
});

describe("reader and model", () => {
  it("are told in the server's sentence, each side with the size of what it drew", () => {
    const row = compared({
      words: "Both say present, but what they drew has too little in common.",
      dice: 0.4312,
      reader: { present: true, extent: { measure: "area", value: 1014, unit: "mm2" } },
    });
    expect(agreementWords(row)).toBe(
      "Both say present, but what they drew has too little in common. Dice 0.43.",
    );
    expect([sideWords(row.reader), sideWords(row.model)]).toEqual(["present, 1014 mm²", "present"]);
    expect(sideWords({ present: null, extent: null })).toBe("nothing said");
  });

  it("are not compared while one of them says nothing", () => {
    expect(agreementWords(compared({ verdict: null, words: "" }))).toBeNull();
    expect(agreementWords(undefined)).toBeNull();
  });

  it("show the model's answer also where it proposes nothing", () => {
    const opinion = modelOpinion([prediction(0.9, "retired"), prediction(0.22, "live")], "opacity");
    expect(nothingProposed(opinion)).toBe("Absent: 22 %, below 30 %");
    expect(nothingProposed({ probability: 0.3702, threshold: 0.3709 })).toBe("Absent: 37.0 %, below 37.1 %");
    expect(nothingProposed(null), "nothing is said for a model that has not looked").toBeNull();
  });

  it("do not say of a label that a model found nothing where none looks for it", () => {
    const sentence = "Looked and found nothing above its threshold.";
    const live = [prediction(0.22, "live")];
    expect(modelSays(live, "opacity", sentence)).toBe("Absent: 22 %, below 30 %");
    expect(modelSays(live, "nodule", sentence)).toBe("No model looks for it.");
    expect(modelSays(live, null, sentence)).toBe("No model looks for it.");
    expect(modelSays([], "nodule", sentence), "nobody has answered yet").toBe(sentence);
    const withoutLabels = [{ ...live[0], output: {} } as unknown as PredictionOut];
    expect(modelSays(withoutLabels, "nodule", sentence)).toBe(sentence);
  });
});
