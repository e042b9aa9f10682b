/** What the next drawing is called: one rule for tools, keys and the panel. */
import { reading } from "./reading-session";
import type { LabelOut } from "./reading-types";
import { readingUi } from "./reading-ui";

/** Chosen on purpose: the next drawing has no label. */
export const withoutLabel = "";

/** Labels that can be drawn or painted, in the order of their keys. */
export const drawnLabels = (): LabelOut[] =>
  reading().workitem?.labels.filter(
    (label) => !label.retired_at && label.uses.some((use) => use !== "image"),
  ) ?? [];

type Use = "region" | "segment";

/** The label a drawing gets, or what to do first. `key: null` is a drawing without a label. */
export type LabelChoice = { key: string | null; use: Use } | { problem: string };

const named = (labels: readonly LabelOut[]) => labels.map((label) => `“${label.code_meaning}”`).join(", ");

function misfit(chosen: LabelOut, use: Use): LabelChoice {
  const fitting = drawnLabels().filter((label) => label.uses.includes(use));
  const instead = fitting.length > 0 ? `Choose ${named(fitting)} or another tool` : "Choose another tool";
  const meant = use === "segment" ? "cannot be painted" : "is meant for painting, not for this";
  return { problem: `“${chosen.code_meaning}” ${meant}. ${instead}.` };
}

function ofUse(use: Use): LabelChoice {
  const { labelKey } = readingUi();
  const labels = drawnLabels();
  const fitting = labels.filter((label) => label.uses.includes(use));
  if (labelKey === withoutLabel) {
    return use === "region"
      ? { key: null, use }
      : { problem: `A segmentation needs a label. Choose one under “Draw as”: ${named(fitting)}.` };
  }
  const chosen = labels.find((label) => label.key === labelKey);
  if (chosen) {
    return chosen.uses.includes(use) ? { key: chosen.key, use } : misfit(chosen, use);
  }
  const first = fitting[0];
  if (!first && use === "segment") {
    return { problem: "This project has no label for painting. Ask an admin to add one." };
  }
  return { key: first?.key ?? null, use };
}

/** The label that a stroke of the brush paints. */
export const paintedLabel = (): LabelChoice => ofUse("segment");

/** The label of an area: one that is meant for painting only makes the area a part of that label's mask. */
export function areaLabel(): LabelChoice {
  const { labelKey } = readingUi();
  const labels = drawnLabels();
  const chosen = labels.find((label) => label.key === labelKey);
  const asMask = chosen
    ? !chosen.uses.includes("region")
    : labelKey !== withoutLabel &&
      labels.length > 0 &&
      !labels.some((label) => label.uses.includes("region"));
  return ofUse(asMask ? "segment" : "region");
}

/** The label of a length or a point: only one that was chosen, for measuring says nothing of the case by itself. */
export function measureLabel(): LabelChoice {
  return readingUi().labelKey === null ? { key: null, use: "region" } : ofUse("region");
}
