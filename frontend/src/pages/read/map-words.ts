import { formatApart, formatChance } from "../../state/chance";
import type { PredictionOut, SaliencyOut } from "../../state/reading-types";
import { formatMany } from "../../ui/format";

type Scale = NonNullable<SaliencyOut["scale"]>;

const figure = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));

const units: Record<Scale["unit"], string> = { logit: "logit", probability: "", bits: "bit" };

/** "0.02 to 1.4 logit": the map's own values, before they became colours. */
export function rangeWords(scale: Scale): string {
  if (scale.unit === "probability") {
    return `${formatChance(Math.max(0, scale.low))} to ${formatChance(scale.high)}`;
  }
  return `${figure(scale.low)} to ${figure(scale.high)} ${units[scale.unit]}`;
}

/** Where this map stands among those of its version; empty where nothing was measured. */
export function strengthWords(scale: Scale): string {
  if (scale.unit === "bits") {
    return "";
  }
  if (scale.unit === "probability") {
    return scale.is_weak ? "Weak: the model is not sure of any place in this image." : "";
  }
  if (scale.high <= 0) {
    return "Nothing in this image speaks for it, by this method.";
  }
  if (scale.share === null || scale.strongest === null) {
    return "How strong this version's maps can be was not measured.";
  }
  const share =
    scale.share > 1.005
      ? "Stronger than the strongest"
      : `${Math.max(1, Math.round(scale.share * 100))} % of the strongest`;
  const cases = formatMany(scale.cases, "validation case", "validation cases");
  return `${scale.is_weak ? "Weak: " : ""}${share} on ${cases} (${figure(scale.strongest)} ${units[scale.unit]}).`;
}

/** What the colours mean although the model's answer is no; empty where it is yes. */
export function absentWords(
  prediction: PredictionOut | null,
  labelKey: string,
  ofLabel: boolean | undefined,
): string {
  const said = prediction?.output.labels?.[labelKey];
  if (!said || ofLabel === false || said.probability >= said.threshold) {
    return "";
  }
  const [probability, threshold] = formatApart(said.probability, said.threshold);
  return `The model's answer is no (${probability}, below its ${threshold}): colours mark what speaks for it all the same.`;
}

/** What of this label's maps is not offered, and why: methods withheld for one reason together. */
export function withheldWords(prediction: PredictionOut | undefined, labelKey: string | undefined): string[] {
  const here = prediction?.explanations_withheld.filter((one) => one.label_key === labelKey) ?? [];
  const reasons = [...new Set(here.map((one) => one.why))];
  return reasons.map((why) => {
    const names = here.filter((one) => one.why === why).map((one) => one.label);
    return `${names.join(", ")}: ${why.charAt(0).toLowerCase()}${why.slice(1)}`;
  });
}
