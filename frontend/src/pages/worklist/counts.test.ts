import { describe, expect, it } from "vitest";
import { countsInWords, modelCount } from "./counts";

const row = (state: "hidden" | "no_model" | "found" | "nothing_found" | "running", ai = 0) => ({
  finding_counts: { own: 1, ai, open: 0 },
  ai: { state, word: "", sentence: "No model is in use in this project." },
});

describe("the counts of a case", () => {
  it("say nought of models only where one has looked and may be known", () => {
    expect([row("hidden"), row("no_model"), row("running")].map(modelCount)).toEqual(["–", "–", "–"]);
    expect([row("nothing_found"), row("found", 2), row("running", 2)].map(modelCount)).toEqual([
      "0",
      "2",
      "2",
    ]);
    expect(countsInWords(row("no_model"))).toBe(
      "1 by readers, 0 without a decision. No model is in use in this project.",
    );
    expect(countsInWords(row("nothing_found"))).toBe("1 by readers, 0 by models, 0 without a decision.");
  });
});
