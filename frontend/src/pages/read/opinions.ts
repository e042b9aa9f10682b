import { formatApart, formatChance } from "../../state/chance";
import type { Agreement, PredictionOut } from "../../state/reading-types";
import { measureValue } from "./words";

/** What the versions in use answered last. */
const present = (predictions: PredictionOut[]): PredictionOut[] =>
  predictions.filter((one) => one.state === "finished" && one.version.state === "live" && !one.superseded);

/** The highest that the versions in use now say of a label, whether or not a finding came of it. */
export function modelOpinion(
  predictions: PredictionOut[],
  labelKey: string | null,
): { probability: number; threshold: number } | null {
  const opinions = present(predictions).flatMap((one) => (labelKey && one.output.labels?.[labelKey]) || []);
  return opinions.sort((a, b) => b.probability - a.probability)[0] ?? null;
}

/** "Absent: 22 %, below 30 %": the model's answer where it proposes nothing; `null` where it has not looked. */
export function nothingProposed(opinion: { probability: number; threshold: number } | null): string | null {
  if (opinion === null) {
    return null;
  }
  const [said, threshold] = formatApart(opinion.probability, opinion.threshold);
  return opinion.probability < opinion.threshold
    ? `Absent: ${said}, below ${threshold}`
    : `${formatChance(opinion.probability)}, but no finding of it is proposed`;
}

/** What stands on the model's side of a label without a finding of it; the case's sentence where no model speaks of labels. */
export function modelSays(predictions: PredictionOut[], labelKey: string | null, sentence: string): string {
  const asked = present(predictions).map((one) => one.output.labels);
  const lookedElsewhere =
    asked.length > 0 && asked.every((labels) => labels && !(labelKey && labels[labelKey]));
  return (
    nothingProposed(modelOpinion(predictions, labelKey)) ??
    (lookedElsewhere ? "No model looks for it." : sentence)
  );
}

/** "present, 1014 mm²": what one side says of a label. */
export function sideWords({ present, extent }: Agreement["reader"]): string {
  const said = present === null ? "nothing said" : present ? "present" : "absent";
  return extent ? `${said}, ${measureValue({ ...extent, source: "" })}` : said;
}

/** The server's sentence about reader and model, with how much their drawings share; null where there is none. */
export function agreementWords(row: Agreement | undefined): string | null {
  if (!row?.words) {
    return null;
  }
  return row.dice === null ? row.words : `${row.words} Dice ${row.dice.toFixed(2)}.`;
}

/** Where reader and model do not say the same and nobody has decided yet. */
export const openDisagreements = (rows: readonly Agreement[]): Agreement[] =>
  rows.filter((row) => row.disagrees && row.waiting.length > 0);
