import type { FindingRow } from "../../state/reading-findings";
import type { PredictionOut } from "../../state/reading-types";
import { percentOf } from "./words";

/** What the newest finished prediction says of a label, whether or not a finding came of it. */
export function modelOpinion(
  predictions: PredictionOut[],
  labelKey: string | null,
): { probability: number; threshold: number } | null {
  const newest = predictions
    .filter((one) => one.state === "finished" && labelKey !== null && one.output.labels?.[labelKey])
    .sort((a, b) => (a.finished_at ?? "").localeCompare(b.finished_at ?? ""))
    .at(-1);
  return (labelKey !== null && newest?.output.labels?.[labelKey]) || null;
}

/** "Absent · 22 %": the model's answer where it proposes nothing. */
export function nothingProposed(opinion: { probability: number; threshold: number } | null): string {
  return opinion && opinion.probability < opinion.threshold
    ? `Absent: ${percentOf(opinion.probability)}, below ${percentOf(opinion.threshold)}`
    : "Nothing proposed";
}

/** Whether reader and model say the same of a label; null while one of them says nothing. */
export function agreement(
  own: FindingRow[],
  model: FindingRow[],
  opinion: { probability: number; threshold: number } | null,
): boolean | null {
  const answers = own.flatMap((row) =>
    row.kind === "image_label" ? (row.content.present === null ? [] : [row.content.present]) : [true],
  );
  if (answers.length === 0 || (model.length === 0 && opinion === null)) {
    return null;
  }
  const modelSays = model.length > 0 || (opinion !== null && opinion.probability >= opinion.threshold);
  return answers.includes(true) === modelSays;
}
