import { describe, expect, it } from "vitest";
import { readCurves } from "./training-progress";

describe("a training's curves", () => {
  it("keep one point an epoch when a resumed run repeats one", () => {
    const curves = readCurves([
      { epoch: 1, losses: { loss: 0.9 }, metric_name: "auc", metric: 0.6 },
      { epoch: 2, losses: { loss: 0.8 }, metric_name: "auc", metric: 0.65 },
      { epoch: 2, losses: { loss: 0.7, location: 0.2 }, metric_name: "auc", metric: null },
    ]);
    expect(curves.epochs).toEqual([1, 2]);
    expect(curves.losses).toEqual([
      { name: "loss", values: [0.9, 0.7] },
      { name: "location", values: [null, 0.2] },
    ]);
    expect(curves.metric).toEqual([0.6, null]);
  });
});
