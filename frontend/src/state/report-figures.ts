import type { EvaluationOut, LabelFigures, SubgroupFigures } from "../api/types";

/** A figure with its 95 % interval, as the engine kept it. */
export type Figure = LabelFigures["auc"];

/** The figures of a report in the order they are shown. */
export const figureNames = [
  "auc",
  "sensitivity",
  "specificity",
  "accuracy",
  "dice",
  "nsd",
  "hd95",
  "lesion_sensitivity",
  "false_lesions",
  "froc_mean",
  "ap10",
  "ap50",
  "box_sensitivity",
  "false_boxes",
  "box_overlap",
  "volume_error",
  "false_volume",
  "ece",
  "brier",
] as const;
export type FigureName = (typeof figureNames)[number];

export const figureWords: Record<FigureName, string> = {
  auc: "ROC AUC",
  sensitivity: "Sensitivity",
  specificity: "Specificity",
  accuracy: "Accuracy",
  dice: "Dice",
  nsd: "Surface agreement",
  hd95: "Surface distance (95 %)",
  lesion_sensitivity: "Lesions found",
  false_lesions: "False lesions a case",
  froc_mean: "FROC mean",
  ap10: "Average precision (IoU 0.1)",
  ap50: "Average precision (IoU 0.5)",
  box_sensitivity: "True boxes found",
  false_boxes: "False boxes a case",
  box_overlap: "Overlap of what was found (IoU)",
  volume_error: "Size error",
  false_volume: "Painted on a healthy case",
  ece: "Calibration error",
  brier: "Brier score",
};

/** Errors and distances: the smaller the better. */
export const lessIsBetter: ReadonlySet<FigureName> = new Set([
  "hd95",
  "false_lesions",
  "false_boxes",
  "volume_error",
  "false_volume",
  "ece",
  "brier",
]);

/** What a figure is of one label; null where the recipe does not measure it or nothing could be computed. */
export function figureOf(label: LabelFigures | SubgroupFigures, name: FigureName): Figure | null {
  const found = read(label, name);
  return found?.value == null ? null : found;
}

function read(label: LabelFigures | SubgroupFigures, name: FigureName): Figure | null {
  const whole = "confusion" in label;
  switch (name) {
    case "dice":
      return whole ? (label.segmentation?.dice ?? null) : label.dice;
    case "nsd":
    case "hd95":
    case "lesion_sensitivity":
    case "false_lesions":
    case "volume_error":
    case "false_volume":
      return whole ? (label.segmentation?.[name] ?? null) : null;
    case "froc_mean":
      return whole ? (label.boxes?.cpm ?? null) : null;
    case "ap10":
    case "ap50":
      return whole ? (label.boxes?.[name] ?? null) : null;
    case "box_sensitivity":
      return whole ? (label.boxes?.sensitivity ?? null) : null;
    case "false_boxes":
      return whole ? (label.boxes?.beside ?? null) : null;
    case "box_overlap":
      return whole ? (label.boxes?.overlap ?? null) : null;
    case "ece":
      return whole ? (label.boxes?.ece ?? label.ece) : null;
    case "brier":
      return whole ? label.brier : null;
    default:
      return label[name];
  }
}

/** Units as a reader is told them; pixels and voxels are counted where the images prove no millimetres. */
export const lengthWords: Record<string, string> = { mm: "mm", px: "pixel widths", voxel: "voxels" };
export const sizeWords: Record<string, string> = { ml: "ml", "mm²": "mm²", px: "pixels", voxel: "voxels" };

const byCase: ReadonlySet<FigureName> = new Set(["auc", "sensitivity", "specificity", "accuracy"]);

/** What a figure of masks is counted in, or of what it is where boxes are judged, after its name; empty for shares. */
export function unitOf(label: LabelFigures, name: FigureName): string {
  if (label.boxes) {
    return name === "ece" ? " of the proposed boxes" : byCase.has(name) ? ", by case" : "";
  }
  const masks = label.segmentation;
  if (!masks) {
    return "";
  }
  switch (name) {
    case "nsd":
      return masks.tolerance == null
        ? ""
        : ` within ${masks.tolerance} ${lengthWords[masks.unit] ?? masks.unit}`;
    case "hd95":
      return ` in ${lengthWords[masks.unit] ?? masks.unit}`;
    case "volume_error":
    case "false_volume":
      return ` in ${sizeWords[masks.extent_unit] ?? masks.extent_unit}`;
    default:
      return "";
  }
}

/** The figures that at least one label of a report has, in their fixed order. */
export function measured(report: EvaluationOut): FigureName[] {
  const labels = Object.values(report.labels);
  return figureNames.filter((name) => labels.some((label) => figureOf(label, name) !== null));
}

/** One label among the cases of one subgroup. */
export interface SubgroupRow {
  dimension: string;
  value: string;
  label: string;
  figures: SubgroupFigures;
}

/** Every subgroup of every dimension as rows. */
export function subgroupRows(report: EvaluationOut | null): SubgroupRow[] {
  return Object.entries(report?.groups ?? {}).flatMap(([dimension, values]) =>
    Object.entries(values).flatMap(([value, group]) =>
      Object.entries(group.labels).map(([label, figures]) => ({ dimension, value, label, figures })),
    ),
  );
}
