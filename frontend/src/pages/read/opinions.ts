import type { FindingRow } from "../../state/reading-findings";
import type { PredictionOut } from "../../state/reading-types";
import { percentOf } from "./words";

/** The highest that the versions in use now say of a label, whether or not a finding came of it. */
export function modelOpinion(
  predictions: PredictionOut[],
  labelKey: string | null,
): { probability: number; threshold: number } | null {
  const present = predictions.filter(
    (one) => one.state === "finished" && one.version.state === "live" && !one.superseded,
  );
  const opinions = present.flatMap((one) => (labelKey && one.output.labels?.[labelKey]) || []);
  return opinions.sort((a, b) => b.probability - a.probability)[0] ?? null;
}

/** "Absent: 22 %, below 30 %": the model's answer where it proposes nothing; `null` where it has not looked. */
export function nothingProposed(opinion: { probability: number; threshold: number } | null): string | null {
  if (opinion === null) {
    return null;
  }
  return opinion.probability < opinion.threshold
    ? `Absent: ${percentOf(opinion.probability)}, below ${percentOf(opinion.threshold)}`
    : `${percentOf(opinion.probability)}, but no finding of it is proposed`;
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
