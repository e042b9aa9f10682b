export { formatAge as ageOf, formatPatientName as nameOf } from "../../ui/format";

import type { FindingKind, Measure, RevisionContent } from "../../geometry/content";
import { written } from "../../geometry/measure";
import { type FindingRow, shownMeasures } from "../../state/reading-findings";
import { labelMeaning } from "../../viewer/findings-on-frame";

export const kindWord: Record<FindingKind, string> = {
  image_label: "Image label",
  length: "Length",
  rectangle: "Rectangle",
  ellipse: "Ellipse",
  polygon: "Polygon",
  freehand: "Contour",
  point: "Point",
  mask: "Segmentation",
};

/** A stored date (2026-01-31 or 20260131) as 31 Jan 2026; empty when there is none. */
export function dayOf(date: string | null): string {
  const match = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(date ?? "");
  const month = match
    ? "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[Number(match[2]) - 1]
    : undefined;
  return match && month ? `${Number(match[3])} ${month} ${match[1]}` : "";
}

export function momentOf(moment: string): string {
  const date = new Date(moment);
  return Number.isNaN(date.getTime())
    ? ""
    : date.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

export const contentTitle = (content: RevisionContent): string =>
  content.name || (content.label_key ? labelMeaning(content.label_key) : kindWord[content.kind]);

export const titleOf = (row: FindingRow): string => contentTitle(row.content);

/** What an image label says; empty for what is drawn. A model proposes only what it holds to be present. */
export function saysOf(row: FindingRow): string {
  if (row.kind !== "image_label") {
    return "";
  }
  const { present } = row.content;
  return present === false ? "Absent" : present || row.byModel ? "Present" : "Not said";
}

const shownUnits: Record<string, string> = { mm2: "mm²", px2: "px²", mm3: "mm³" };

/** "area_mm2" as a person says it: "Area". */
export function measureName(name: string): string {
  const plain = name.replace(/_(?:mm|px)[23]?$/, "").replaceAll("_", " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

export const measureValue = (measure: Measure): string =>
  `${written(measure.value)} ${shownUnits[measure.unit] ?? measure.unit}`;

/** What matters most of a list of measures stands in the row. */
const inRow = ["Length", "Area", "Volume", "Long axis"];

/** "12.4 mm", "310 mm² · mean 41 HU": what the server measured, in short. */
export function measuresOf(row: FindingRow): string {
  return Object.entries(shownMeasures(row))
    .filter(([name, measure]) => typeof measure?.value === "number" && inRow.includes(measureName(name)))
    .map(([, measure]) => measureValue(measure))
    .join(" · ");
}

/** A probability as people count: "72 of 100". */
export function frequencyOf(probability: number): string {
  const of100 = Math.round(probability * 100);
  return `Calibrated: of 100 images that get this answer, about ${of100} show it and ${100 - of100} do not.`;
}

export const percentOf = (probability: number): string =>
  probability > 0 && probability < 0.01 ? "< 1 %" : `${Math.round(probability * 100)} %`;
