import { describe, expect, it } from "vitest";
import { emptyContent } from "../../geometry/content";
import type { FindingRow } from "../../state/reading-findings";
import type { PredictionOut } from "../../state/reading-types";
import { agreement, modelOpinion, nothingProposed } from "./opinions";

const said = (present: boolean | null) =>
  ({ kind: "image_label", content: { ...emptyContent("image_label", "opacity"), present } }) as FindingRow;
const proposal = said(null);
const prediction = (probability: number, version: "live" | "retired") =>
  ({
    state: "finished",
    superseded: false,
    version: { state: version },
    output: { labels: { opacity: { probability, logit: 0, threshold: 0.3 } } },
  }) as unknown as PredictionOut;

describe("reader and model", () => {
  it("disagree when the reader says absent and the model proposes a finding", () => {
    expect(agreement([said(false)], [proposal], null)).toBe(false);
    expect(agreement([said(true)], [proposal], null)).toBe(true);
  });

  it("disagree when the reader says present and the model's probability is below its threshold", () => {
    const opinion = modelOpinion([prediction(0.9, "retired"), prediction(0.22, "live")], "opacity");
    expect(agreement([said(true)], [], opinion)).toBe(false);
    expect(nothingProposed(opinion)).toBe("Absent: 22 %, below 30 %");
  });

  it("are not compared while one of them says nothing", () => {
    expect(agreement([said(null)], [proposal], null)).toBeNull();
    expect(agreement([said(true)], [], null)).toBeNull();
    expect(nothingProposed(null), "nothing is said for a model that has not looked").toBeNull();
  });
});
