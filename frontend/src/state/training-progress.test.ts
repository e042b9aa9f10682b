import { describe, expect, it } from "vitest";
import { readCurves, readProgress, shareDone } from "./training-progress";

describe("a training's progress", () => {
  it("is a share of epochs and steps", () => {
    const progress = readProgress({
      phase: "training",
      epoch: 3,
      epochs: 10,
      step: 5,
      steps: 10,
      losses: { loss: 0.4 },
    });
    expect(shareDone(progress)).toBeCloseTo(0.25);
    expect(progress.losses).toEqual([["loss", 0.4]]);
    expect(shareDone(readProgress({ phase: "validating", epoch: 3, epochs: 10 }))).toBeCloseTo(0.3);
    expect(shareDone(readProgress({ phase: "loading images", step: 3, steps: 9 }))).toBeNull();
  });

  it("keeps one point an epoch when a resumed run repeats one", () => {
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
