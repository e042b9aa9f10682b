/** What this person may do now: the server's words about the case and each finding, never worked out here. */
import type { FindingRow } from "./reading-rows";
import { reading } from "./reading-session";
import type { CaseAct, WorkitemOut } from "./reading-types";
import { readingUi } from "./reading-ui";

/** Whether the server allows an act on the case now. */
export function may(act: CaseAct, workitem: WorkitemOut | null = reading().workitem): boolean {
  return workitem?.may[act] === true;
}

/** The server's sentence about what may not be done now. */
export const whyNot = (act: CaseAct, workitem: WorkitemOut | null = reading().workitem): string | null =>
  workitem?.why_not[act]?.message ?? null;

export const isSignedOff = (workitem: WorkitemOut | null = reading().workitem): boolean =>
  workitem !== null && (workitem.state === "accepted" || workitem.state === "corrected");

/** Nobody has the case, and this person may take it: the first change of a reader does that first. */
const mayBeTaken = (): boolean => reading().mode === "read" && !may("edit") && may("claim");

/** Whether this person may say something new of the case now, or after taking it. */
export const mayAdd = (): boolean => may("edit") || mayBeTaken();

/** Whether this person decides about the findings of the case now. */
export const mayReview = (): boolean => reading().mode === "review" && may("review");

/** Whether this person decides about this finding now. */
export const mayJudge = (row: FindingRow): boolean => mayReview() && row.may?.review === true;

/** Said by this person, in the reading that counts. */
export const isOwn = (row: FindingRow): boolean =>
  !row.byModel && !row.abandoned && (row.author === null || row.author.id === reading().me?.id);

/** Whether what a finding says may be changed here, were it not locked. */
export function mayChange(row: FindingRow): boolean {
  if (row.correctionOf) {
    return row.key === readingUi().correcting;
  }
  if (row.may === null) {
    // The server has not seen it yet: it is new on this page.
    return mayAdd();
  }
  return row.may.edit || (mayBeTaken() && isOwn(row));
}

/** Whether tools and fields may change this finding now. */
export const isEditable = (row: FindingRow | undefined): row is FindingRow =>
  row !== undefined && !row.deleted && mayChange(row) && (row.correctionOf !== null || !row.content.locked);

/** Whether a deleted finding, or an earlier state of one, may be brought back now. */
export const mayRestore = (row: FindingRow): boolean =>
  row.may?.restore === true || (mayBeTaken() && isOwn(row));
