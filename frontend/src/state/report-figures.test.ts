import { describe, expect, it } from "vitest";
import kept from "../../../tests/fixtures/evaluation.json";
import type { EvaluationOut } from "../api/types";
import { figureOf, measured, subgroupRows, unitOf } from "./report-figures";

// The engine's own tests make exactly this report from the cases in the same file.
const report = kept.report as unknown as EvaluationOut;

describe("an evaluation report", () => {
  it("is read with the figures and intervals that the engine kept", () => {
    const nodule = report.labels.nodule;
    expect(nodule && figureOf(nodule, "auc")).toEqual(nodule?.auc);
    expect(nodule && figureOf(nodule, "dice")).toEqual(nodule?.segmentation?.dice);
    expect(measured(report)).toEqual([
      "auc",
      "sensitivity",
      "specificity",
      "accuracy",
      "dice",
      "nsd",
      "hd95",
      "lesion_sensitivity",
      "false_lesions",
      "volume_error",
      "false_volume",
      "ece",
      "brier",
    ]);
  });

  it("says of each figure of masks what it is counted in", () => {
    const nodule = report.labels.nodule;
    const words = (["nsd", "hd95", "volume_error", "false_volume", "dice"] as const).map(
      (name) => nodule && unitOf(nodule, name),
    );
    expect(words).toEqual([" within 2 mm", " in mm", " in mm²", " in mm²", ""]);
  });

  it("has no figure where nothing could be computed", () => {
    const mass = report.labels.mass;
    expect(mass?.auc.value).toBeNull();
    expect(mass && figureOf(mass, "auc")).toBeNull();
    expect(mass && figureOf(mass, "dice")).toBeNull();
  });

  it("shows each label of each subgroup once, and says where there are too few cases", () => {
    const rows = subgroupRows(report);
    expect(rows.map((row) => [row.dimension, row.value, row.label])).toEqual([
      ["sex", "F", "nodule"],
      ["sex", "F", "mass"],
      ["sex", "M", "nodule"],
      ["sex", "M", "mass"],
    ]);
    expect(rows.every((row) => row.figures.too_few)).toBe(true);
    expect(subgroupRows(null)).toEqual([]);
  });
});
