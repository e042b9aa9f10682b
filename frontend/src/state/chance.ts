import type { ClaimOut, ClaimsOut } from "../api/types";

/** A probability as a percentage; nothing is certain, so neither 100 % nor 0 % is ever written. */
export function formatChance(probability: number | null | undefined, digits = 0): string {
  if (typeof probability !== "number" || !Number.isFinite(probability)) return "–";
  const step = 10 ** -digits;
  const percent = probability * 100;
  if (percent > 100 - step) return `> ${(100 - step).toFixed(digits)} %`;
  return percent < step ? `< ${step.toFixed(digits)} %` : `${percent.toFixed(digits)} %`;
}

/** Two probabilities with as many digits as it takes to tell them apart: "37.07 %" and "37.10 %". */
export function formatApart(one: number, other: number): [string, string] {
  const both = (digits: number): [string, string] => [formatChance(one, digits), formatChance(other, digits)];
  const digits = [0, 1, 2, 3].find((count) => both(count)[0] !== both(count)[1]);
  return both(digits ?? 3);
}

/** What the version's report measured on test answers like this one. */
export function claimOf(
  claims: ClaimsOut | undefined,
  labelKey: string,
  probability: number,
): ClaimOut | null {
  const bins = claims?.labels[labelKey] ?? [];
  return bins[Math.min(Math.floor(probability * bins.length), bins.length - 1)] ?? null;
}

/** What stands of a probability: as text on the screen and as the sentence of its tooltip. */
export function chanceWords(
  claims: ClaimsOut | undefined,
  labelKey: string | null,
  probability: number,
): { text: string; sentence: string } {
  const text = formatChance(probability);
  if (claims === undefined) {
    return { text, sentence: "What this figure is worth stands in the report of the version that said it." };
  }
  const claim = labelKey ? claimOf(claims, labelKey, probability) : null;
  if (!claim) {
    return { text, sentence: "No report has measured what this version's figures are worth." };
  }
  return claim.stands === "disproved"
    ? { text: `score ${scoreOf(probability)}`, sentence: claim.sentence }
    : { text, sentence: claim.sentence };
}

/** Of a figure that is no probability: 0.01 … 0.99, and no percent sign. */
const scoreOf = (probability: number): string => Math.min(0.99, Math.max(0.01, probability)).toFixed(2);
