/** What the reports say that the figures of the case's models are worth, fetched once for each version that answered. */
import { create } from "zustand";
import { fetchClaims } from "../api/models";
import type { ClaimsOut } from "../api/types";
import { chanceWords } from "./chance";
import { useFindings } from "./reading-findings";
import type { FindingRow } from "./reading-rows";
import { useReading } from "./reading-session";

export const useClaims = create<Record<string, ClaimsOut>>(() => ({}));

const asked = new Set<string>();

useReading.subscribe((now, before) => {
  if (now.workitem?.id !== before.workitem?.id) {
    // A version may have a newer report by the time another case is opened.
    asked.clear();
  }
  for (const { version } of now.predictions) {
    void ask(version.id);
  }
});

async function ask(versionId: string): Promise<void> {
  if (asked.has(versionId)) return;
  asked.add(versionId);
  try {
    useClaims.setState({ [versionId]: await fetchClaims(versionId) });
  } catch {
    // Asked again with the next case; until then nothing is claimed.
  }
}

useFindings.subscribe((now, before) => {
  if (now.rows === before.rows) return;
  for (const { proposedBy } of Object.values(now.rows)) {
    if (proposedBy) void ask(proposedBy);
  }
});

type Said = Pick<FindingRow, "proposedBy" | "content">;

/** Text and tooltip of a finding's probability, as of now. */
export function chanceOf(row: Said, probability: number, claims = useClaims.getState()) {
  return chanceWords(row.proposedBy ? claims[row.proposedBy] : undefined, row.content.label_key, probability);
}

/** The same, kept up to date. */
export function useChanceOf(row: Said, probability: number) {
  return chanceOf(row, probability, useClaims());
}
