/** What the page holds of each finding, and how it comes from what the server says. */
import {
  emptyContent,
  type FindingKind,
  type Measure,
  type RevisionContent,
  saysTheSame,
} from "../geometry/content";
import { drawnAlike } from "../geometry/content-patch";
import type {
  FindingMay,
  FindingOut,
  PersonOut,
  RejectReason,
  ReviewOut,
  RevisionOut,
} from "./reading-types";

/** What the server is known to hold of a finding. */
export interface SavedState {
  digest: string;
  number: number;
  deleted: boolean;
  content: RevisionContent;
  /** The newest revision that is not a deletion: what restore goes back to. */
  contentRevisionId: string | null;
  at: string;
}

export interface FindingRow {
  /** Stable while the page lives: the server's id, or `new:…` until the end of the page. */
  key: string;
  id: string | null;
  kind: FindingKind;
  author: PersonOut | null;
  byModel: boolean;
  algorithmName: string;
  algorithmVersion: string;
  /** Id of the model version whose finding it is, if one of this house's said it. */
  proposedBy: string | null;
  /** A newer answer of the model took the place of this one; without a decision it needs none. */
  superseded: boolean;
  probability: number | null;
  threshold: number | null;
  predictionId: string | null;
  reviews: ReviewOut[];
  /** What this person may do with it now; null while the server has not seen it. */
  may: FindingMay | null;
  /** The decision about it that stands. */
  decision: ReviewOut | null;
  /** The case is not signed off before somebody decides about this one. */
  mustBeDecided: boolean;
  /** With it, the case is signed off as corrected. */
  changesTheReading: boolean;
  /** The reasons that a rejection of it can have. */
  rejections: RejectReason[];
  /** Said in a reading that was given up: it is history. */
  abandoned: boolean;
  content: RevisionContent;
  deleted: boolean;
  saved: SavedState | null;
  /** Set while a reviewer edits a copy of a finding: the key of the original. Never autosaved. */
  correctionOf: string | null;
}

export function isUnsaved(row: FindingRow): boolean {
  if (row.correctionOf) {
    return false;
  }
  if (row.saved === null) {
    return !row.deleted;
  }
  return row.deleted !== row.saved.deleted || (!row.deleted && !saysTheSame(row.content, row.saved.content));
}

/** The server's measures of a finding, while it still is what the server measured; of anything newer none are known. */
export function shownMeasures(row: FindingRow): Record<string, Measure> {
  const measured = row.saved?.content;
  return measured && drawnAlike(row.content, measured) ? (measured.measures ?? {}) : {};
}

export function blankRow(key: string, kind: FindingKind): FindingRow {
  return {
    key,
    id: null,
    kind,
    author: null,
    byModel: false,
    algorithmName: "",
    algorithmVersion: "",
    proposedBy: null,
    superseded: false,
    probability: null,
    threshold: null,
    predictionId: null,
    reviews: [],
    may: null,
    decision: null,
    mustBeDecided: false,
    changesTheReading: false,
    rejections: [],
    abandoned: false,
    content: emptyContent(kind, null),
    deleted: false,
    saved: null,
    correctionOf: null,
  };
}

export function savedStateOf(head: RevisionOut, deleted: boolean, before?: SavedState | null): SavedState {
  return {
    digest: head.digest,
    number: head.number,
    deleted,
    content: withAllFields(head.content),
    contentRevisionId: deleted ? (before?.contentRevisionId ?? head.parent) : head.id,
    at: head.created_at,
  };
}

function withAllFields(content: RevisionContent): RevisionContent {
  return { ...emptyContent(content.kind, content.label_key), ...content, measures: content.measures ?? {} };
}

/** What was decided and what may be done: the server's word, whatever is unsaved here. */
export const rulesOf = (out: FindingOut) => ({
  reviews: out.reviews,
  may: out.may,
  decision: out.decision,
  mustBeDecided: out.must_be_decided,
  changesTheReading: out.changes_the_reading,
  rejections: out.rejections,
  abandoned: out.abandoned,
  probability: out.probability,
});

export function rowFromServer(out: FindingOut, key: string = out.id, before?: FindingRow): FindingRow {
  const saved = savedStateOf(out.head, out.deleted, before?.saved);
  return {
    ...(before ?? blankRow(key, out.kind)),
    key,
    id: out.id,
    kind: out.kind,
    author: out.author,
    byModel: out.algorithm_type === "AUTOMATIC",
    algorithmName: out.algorithm_name,
    algorithmVersion: out.proposed_by ? `v${out.proposed_by.number}` : out.algorithm_version,
    proposedBy: out.proposed_by?.id ?? null,
    superseded: out.superseded_at !== null,
    threshold: out.threshold,
    predictionId: out.prediction_id,
    ...rulesOf(out),
    content: saved.content,
    deleted: out.deleted,
    saved,
  };
}
