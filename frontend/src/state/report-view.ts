import { firstNum, type Json, list, num, record, str } from "./loose";

/** A figure with its 95 % interval. */
export interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
}

export interface LabelReport {
  key: string;
  cases: number | null;
  positives: number | null;
  threshold: number | null;
  figures: Record<FigureName, Estimate | null>;
  ece: number | null;
  confusion: { tp: number; fp: number; fn: number; tn: number } | null;
  roc: { x: number; y: number }[];
  calibration: { stated: number; observed: number; count: number; low: number | null; high: number | null }[];
}

export interface Subgroup {
  group: string;
  value: string;
  label: string;
  cases: number | null;
  positives: number | null;
  few: boolean;
  figures: Record<FigureName, Estimate | null>;
}

export interface ReportView {
  cases: number | null;
  patients: number | null;
  labels: LabelReport[];
  subgroups: Subgroup[];
}

export interface GateView {
  passed: boolean;
  sentence: string;
  criteria: { id: string; title: string; passed: boolean | null; required: boolean; sentence: string }[];
  /** Whether the test set is large enough to tell, in a sentence. */
  power: string;
}

export const figureNames = [
  "auc",
  "sensitivity",
  "specificity",
  "accuracy",
  "dice",
  "ece",
  "brier",
  "pointing",
] as const;
export type FigureName = (typeof figureNames)[number];

export const figureWords: Record<FigureName, string> = {
  auc: "ROC AUC",
  sensitivity: "Sensitivity",
  specificity: "Specificity",
  accuracy: "Accuracy",
  dice: "Dice",
  ece: "Calibration error",
  brier: "Brier score",
  pointing: "Saliency hits",
};

/** Errors: the smaller the better. */
export const lessIsBetter: ReadonlySet<FigureName> = new Set(["ece", "brier"]);

export function readEstimate(value: unknown): Estimate | null {
  const bare = num(value);
  if (bare !== null) {
    return { value: bare, low: null, high: null };
  }
  const row = record(value);
  const interval = list(row.interval ?? row.ci);
  const estimate = {
    value: firstNum(row, "value", "mean"),
    low: firstNum(row, "low", "lower") ?? num(interval[0]),
    high: firstNum(row, "high", "upper") ?? num(interval[1]),
  };
  return estimate.value === null ? null : estimate;
}

function figuresOf(row: Json): Record<FigureName, Estimate | null> {
  return {
    auc: readEstimate(row.auc ?? row.roc_auc),
    sensitivity: readEstimate(row.sensitivity),
    specificity: readEstimate(row.specificity),
    accuracy: readEstimate(row.accuracy),
    dice: readEstimate(row.dice),
    ece: readEstimate(row.ece),
    brier: readEstimate(row.brier),
    pointing: readEstimate(row.pointing),
  };
}

function rocOf(value: unknown): LabelReport["roc"] {
  const columns = record(value);
  const xs = list(columns.fpr);
  if (xs.length > 0) {
    const ys = list(columns.tpr);
    return xs.flatMap((x, index) => pointOf(x, ys[index]));
  }
  return list(value).flatMap((point) =>
    Array.isArray(point) ? pointOf(point[0], point[1]) : pointOf(record(point).fpr, record(point).tpr),
  );
}

function pointOf(x: unknown, y: unknown): { x: number; y: number }[] {
  const [a, b] = [num(x), num(y)];
  return a === null || b === null ? [] : [{ x: a, y: b }];
}

function calibrationOf(value: unknown): LabelReport["calibration"] {
  return list(record(value).bins ?? value).flatMap((entry) => {
    const row = record(entry);
    const stated = firstNum(row, "stated", "predicted", "mean_predicted", "probability");
    const share = row.observed ?? row.fraction_positive ?? row.share;
    const observed = readEstimate(num(share) === null ? share : { value: share, interval: row.interval });
    const count = firstNum(row, "count", "n", "cases") ?? num(record(row.observed).n) ?? 0;
    return stated === null || observed?.value == null
      ? []
      : [{ stated, observed: observed.value, count, low: observed.low, high: observed.high }];
  });
}

function confusionOf(value: unknown): LabelReport["confusion"] {
  const row = record(value);
  const [tp, fp, fn, tn] = [num(row.tp), num(row.fp), num(row.fn), num(row.tn)];
  return tp === null || fp === null || fn === null || tn === null ? null : { tp, fp, fn, tn };
}

function labelOf(key: string, value: unknown): LabelReport {
  const row = record(value);
  return {
    key,
    cases: firstNum(row, "n", "cases"),
    positives: num(row.positives),
    threshold: num(row.threshold),
    figures: figuresOf(row),
    ece: readEstimate(row.ece)?.value ?? null,
    confusion: confusionOf(row.confusion),
    roc: rocOf(row.roc),
    calibration: calibrationOf(row.calibration),
  };
}

function subgroupOf(value: unknown): Subgroup {
  const row = record(value);
  return {
    group: str(row.group),
    value: str(row.value),
    label: str(row.label),
    cases: firstNum(row, "n", "cases"),
    positives: num(row.positives),
    few: row.few === true || row.too_few === true,
    figures: figuresOf(row),
  };
}

/** Read a report as it was frozen; what a recipe does not measure stays `null`. */
export function readReport(value: unknown): ReportView | null {
  const row = record(value);
  const labels = Object.entries(record(row.labels));
  if (labels.length === 0) {
    return null;
  }
  return {
    cases: firstNum(row, "cases", "n"),
    patients: num(row.patients),
    labels: labels.map(([key, entry]) => labelOf(key, entry)),
    subgroups: list(row.subgroups).map(subgroupOf),
  };
}

export function readGate(value: unknown): GateView | null {
  const row = record(value);
  if (typeof row.passed !== "boolean") {
    return null;
  }
  return {
    passed: row.passed,
    sentence: str(row.sentence),
    criteria: list(row.criteria).map((entry, index) => {
      const criterion = record(entry);
      return {
        id: str(criterion.id) || str(criterion.name) || String(index),
        title: str(criterion.title) || str(criterion.name),
        passed: typeof criterion.passed === "boolean" ? criterion.passed : null,
        required: criterion.required !== false,
        sentence: str(criterion.sentence),
      };
    }),
    power: str(record(row.power).sentence),
  };
}

/** The figures that at least one label of a report has, in their fixed order. */
export function measured(report: ReportView): FigureName[] {
  return figureNames.filter((name) => report.labels.some((label) => label.figures[name] !== null));
}
