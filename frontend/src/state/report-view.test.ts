import { describe, expect, it } from "vitest";
import { measured, readGate, readReport } from "./report-view";

const report = {
  cases: 150,
  patients: 120,
  labels: {
    nodule: {
      n: 150,
      positives: 40,
      threshold: 0.4,
      auc: { value: 0.91, low: 0.86, high: 0.95 },
      sensitivity: { value: 0.8, low: 0.65, high: 0.9 },
      dice: null,
      ece: 0.04,
      confusion: { tp: 32, fp: 10, fn: 8, tn: 100 },
      roc: [
        { fpr: 0, tpr: 0, threshold: 1 },
        { fpr: 1, tpr: 1, threshold: 0 },
      ],
      calibration: [{ stated: 0.1, observed: { value: 0.12, low: 0, high: 0.3, n: 20 } }],
    },
  },
  subgroups: [
    { group: "sex", value: "F", label: "nodule", n: 9, positives: 2, few: true, auc: { value: null } },
  ],
};

describe("an evaluation report", () => {
  it("is read with its intervals, curves and counts", () => {
    const view = readReport(report);
    const label = view?.labels[0];
    expect(label?.figures.auc).toEqual({ value: 0.91, low: 0.86, high: 0.95 });
    expect(label?.confusion).toEqual({ tp: 32, fp: 10, fn: 8, tn: 100 });
    expect(label?.roc).toEqual([
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ]);
    expect(label?.calibration).toEqual([{ stated: 0.1, observed: 0.12, count: 20, low: 0, high: 0.3 }]);
    expect(view && measured(view)).toEqual(["auc", "sensitivity", "ece"]);
  });

  it("marks subgroups that are too few instead of showing a figure that means nothing", () => {
    expect(readReport(report)?.subgroups[0]).toMatchObject({ few: true, figures: { auc: null } });
  });

  it("is absent rather than empty when there is nothing to compare with", () => {
    expect(readReport({})).toBeNull();
    expect(readGate({})).toBeNull();
  });

  it("keeps “cannot tell” apart from pass and fail", () => {
    const gate = readGate({
      passed: false,
      sentence: "Not promoted.",
      criteria: [{ id: "group:sex:F", title: "sex F", passed: null, sentence: "n too small" }],
    });
    expect(gate?.criteria[0]?.passed).toBeNull();
  });
});
