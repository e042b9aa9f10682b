import type { WorkitemRow } from "../../api/types";

type Counted = Pick<WorkitemRow, "finding_counts" | "ai">;

/** How many findings models made of a case; a dash where none has looked, or where this person may not know. */
export function modelCount({ finding_counts: { ai }, ai: { state } }: Counted): string {
  return ai > 0 || state === "found" || state === "nothing_found" ? String(ai) : "–";
}

/** The counts of a case as a sentence. */
export function countsInWords(row: Counted): string {
  const { own, open } = row.finding_counts;
  const counted = modelCount(row);
  const models = counted === "–" ? "" : `, ${counted} by models`;
  const why = models ? "" : ` ${row.ai.sentence}`;
  return `${own} by readers${models}, ${open} without a decision.${why}`;
}
