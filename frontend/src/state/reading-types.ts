/** The reading page's shapes: the generated ones by their names, narrowed where the schema says only "JSON". */
import type { LabelOut, Narrowed, PersonOut, Schemas, WorkitemRow } from "../api/types";
import type { FindingKind, RevisionContent } from "../geometry/content";

export type { LabelOut, PersonOut, WorkitemRow };

export type ReadingMode = "read" | "review";

export type SeriesOut = Schemas["SeriesOut"];
export type WorkitemOut = Schemas["WorkitemOut"];
export type RevisionOut = Schemas["RevisionOut"];

// The geometry floor knows no API; the compiler refuses the day when its content and the server's differ.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const contentIsTheServers: Same<RevisionContent, Schemas["RevisionContentOut"]> &
  Same<FindingKind, Schemas["KindEnum"]> = true;

export type Decision = Schemas["DecisionEnum"];
export type RejectReason = Schemas["ReasonEnum"];
export type ReviewOut = Schemas["ReviewOut"];
export type FindingOut = Schemas["FindingOut"];
export type FindingMay = Schemas["FindingMayOut"];
export type CaseAct = keyof Schemas["WorkitemMayOut"];
export type Agreement = Schemas["AgreementOut"];
export type CaseHistory = Schemas["HistoryOut"];
export type CaseStep = Schemas["StepOut"];

/** [column, row] in pixels. */
export type CommentPin = Narrowed<Schemas["CommentPinIn"], { point: [number, number] }>;
export type CommentOut = Narrowed<Schemas["CommentOut"], { pin: CommentPin | null }>;

export type ExplanationOffer = Schemas["ExplanationOut"];

/** What a recipe answered for one series, by label key. */
export interface PredictionAnswer {
  labels?: Record<string, { probability: number; logit: number; threshold: number }>;
  case_score?: number;
}
export type PredictionOut = Narrowed<Schemas["PredictionOut"], { output: PredictionAnswer }>;
export type SaliencyOut = Narrowed<Schemas["SaliencyOut"], { parameters: Record<string, unknown> }>;

/** The API's request bodies; only the content is ours to name. */
export type ReviewIn = Narrowed<Schemas["ReviewInRequest"], { corrected_content: RevisionContent | null }>;
