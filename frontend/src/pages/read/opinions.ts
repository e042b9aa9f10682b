import type { Agreement, PredictionOut } from "../../state/reading-types";
import { measureValue, percentOf } from "./words";

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

const extentWords = ({ value, unit }: { value: number; unit: string }) =>
  measureValue({ value, unit, source: "" });

/** What the server found when it laid reader and model over each other, in words; null while one of them says nothing. */
export function agreementWords(row: Agreement | undefined): { agree: boolean; words: string } | null {
  if (!row?.verdict) {
    return null;
  }
  const dice = row.dice === null ? "" : `Dice ${row.dice.toFixed(2)}`;
  const [ours, theirs] = [row.reader.extent, row.model.extent];
  const sizes = ours && theirs ? `${extentWords(ours)} against ${extentWords(theirs)}` : "";
  const facts = [dice, sizes].filter(Boolean).join(", ");
  const said: Record<NonNullable<Agreement["verdict"]>, string> = {
    agree: "reader and model agree",
    disagree: "reader and model disagree",
    drawn_differently: "both say present, drawn differently",
    drawn_apart: "both say present, drawn at different places",
    one_drew: `both say present, only the ${ours ? "reader" : "model"} shows where`,
  };
  return {
    agree: row.verdict === "agree" || row.verdict === "one_drew",
    words: facts ? `${said[row.verdict]}: ${facts}` : said[row.verdict],
  };
}
