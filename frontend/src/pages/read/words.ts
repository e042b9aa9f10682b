export { formatAge as ageOf, formatDay as dayOf, formatPatientName as nameOf } from "../../ui/format";

import type { Measure, RevisionContent } from "../../geometry/content";
import { figures, writtenMeasure } from "../../geometry/measure";
import { type FindingRow, shownMeasures } from "../../state/reading-rows";
import { labelMeaning } from "../../viewer/findings-on-frame";
import { kindOf } from "../../viewer/shape-kinds";

export const contentTitle = (content: RevisionContent): string =>
  content.name || (content.label_key ? labelMeaning(content.label_key) : kindOf(content.kind).word);

export const titleOf = (row: FindingRow): string => contentTitle(row.content);

/** What an image label says; empty for what is drawn. A model proposes only what it holds to be present. */
export function saysOf(row: FindingRow): string {
  if (row.kind !== "image_label") {
    return "";
  }
  const { present } = row.content;
  return present === false ? "Absent" : present || row.byModel ? "Present" : "Not said";
}

/** "area_mm2" as a person says it: "Area". */
export function measureName(name: string): string {
  if (name === "sd") {
    return "SD";
  }
  const plain = name.replace(/_(?:mm|px)[23]?$/, "").replaceAll("_", " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

const ofPixels = new Set(["mean", "sd", "minimum", "maximum"]);

/** A measure with its unit; what is said of pixel values has the figures that stand beside the drawing, too. */
export function measureValue(measure: Measure, name = ""): string {
  return ofPixels.has(name) ? `${figures(measure.value)} ${measure.unit}`.trim() : writtenMeasure(measure);
}

/** What matters most of a list of measures stands in the row. */
const inRow = ["Length", "Area", "Volume", "Long axis"];

/** "12.4 mm", "310 mm² · mean 41 HU, SD 12": what the server measured, in short. */
export function measuresOf(row: FindingRow): string {
  const measures = shownMeasures(row);
  const sizes = Object.entries(measures)
    .filter(([name]) => inRow.includes(measureName(name)))
    .map(([, measure]) => measureValue(measure));
  const { mean, sd } = measures;
  return [...sizes, mean && sd ? `mean ${measureValue(mean, "mean")}, SD ${figures(sd.value)}` : ""]
    .filter(Boolean)
    .join(" · ");
}
