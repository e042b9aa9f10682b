/** What this person may do now: the server's words about the case and each finding. */
import { type FindingRow, findingRow } from "./reading-findings";
import { reading } from "./reading-session";
import type { WorkitemOut } from "./reading-types";
import { readingUi } from "./reading-ui";

/** Whether the server allows an act on the case now. */
export function may(
  act: keyof WorkitemOut["may"],
  workitem: WorkitemOut | null = reading().workitem,
): boolean {
  return workitem?.may[act] === true;
}

export const isSignedOff = (workitem: WorkitemOut | null = reading().workitem): boolean =>
  workitem !== null && (workitem.state === "accepted" || workitem.state === "corrected");

/** Whether this person may say something new of the case now, or after taking it. */
export const mayAdd = (): boolean => may("edit") || (reading().mode === "read" && may("claim"));

/** Whether this person decides about the findings of the case now. */
export const mayReview = (): boolean => reading().mode === "review" && may("review");

/** Nobody changes what another person or a model said; a reviewer corrects a copy. */
export function isOwn(row: FindingRow): boolean {
  return !row.byModel && (row.author === null || row.author.id === reading().me?.id);
}

/** Whether what a finding says may be changed here, were it not locked. */
export function mayChange(row: FindingRow): boolean {
  if (row.correctionOf) {
    return row.key === readingUi().correcting;
  }
  return mayAdd() && isOwn(row);
}

/** Whether tools and fields may change this finding now. */
export const isEditable = (row: FindingRow | undefined): row is FindingRow =>
  row !== undefined && !row.deleted && mayChange(row) && (row.correctionOf !== null || !row.content.locked);

/** The finding that tools change now: the selected one if it may be changed. */
export function editableSelection(): FindingRow | undefined {
  const row = findingRow(readingUi().correcting ?? readingUi().selected);
  return isEditable(row) ? row : undefined;
}
