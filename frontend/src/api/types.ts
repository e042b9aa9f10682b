/** The shapes of the JSON API: the generated ones by their names, narrowed where the schema says only "JSON". */
import type { components } from "./schema.gen";

export type Schemas = components["schemas"];
/** A generated shape with some of its fields said more exactly. */
export type Narrowed<Shape, Fields> = Omit<Shape, keyof Fields> & Fields;

export interface Page<Row> {
  results: Row[];
  next_cursor: string | null;
  count: number;
}

export type RoleName = "radiologist" | "reviewer" | "admin";
export type RecipeOut = Narrowed<
  Schemas["RecipeOut"],
  { settings: EntryOut[]; operating_points: Schemas["PointOut"][] }
>;
export type QuestionOut = Schemas["QuestionOut"];
export type SplitName = "train" | "validation" | "test";
export type JobState = Schemas["TrainingRunOut"]["state"];
export type WorkitemState = Schemas["WorkitemRowOut"]["state"];
export type VersionState = Schemas["VersionOut"]["state"];
export type PictureRules = Schemas["PictureRulesField"];
export type PicturesPreview = Schemas["PicturesPreviewOut"];
export type Reveal = Schemas["ProjectOut"]["reveal"];
export type LabelUse = Schemas["LabelOut"]["uses"][number];

export type PersonOut = Schemas["PersonOut"];
export type MeProject = Narrowed<Schemas["MyProjectOut"], { role: RoleName }>;
export type MeOut = Narrowed<Schemas["MeOut"], { role: RoleName; projects: MeProject[] }>;
export type TokenOut = Narrowed<Schemas["TokenOut"], { id: string }>;
export type TokenCreatedOut = Schemas["TokenMadeOut"];
export type UserOut = Narrowed<Schemas["UserOut"], { role: RoleName }>;
export type UserChangedOut = Narrowed<Schemas["UserChangedOut"], { role: RoleName }>;
export type CaseInHandOut = Schemas["CaseInHandOut"];

export type LabelOut = Schemas["LabelOut"];
export type MemberOut = Schemas["MemberOut"];
export type ProjectOut = Schemas["ProjectOut"];

export type WorkitemStudy = Schemas["WorkitemStudyOut"];
export type WorkitemRow = Schemas["WorkitemRowOut"];

export type VerdictOut = Narrowed<
  Schemas["VerdictOut"],
  { outcome: "stored" | "already_stored" | "conflict" | "refused" }
>;
export type UploadOut = Schemas["UploadOut"];

export type LabelCounts = Schemas["LabelBalanceOut"];
export type SplitCounts = Schemas["SplitCountsOut"];
export type SnapshotCounts = Narrowed<
  Schemas["SnapshotCountsOut"],
  { splits: Record<SplitName, SplitCounts> }
>;
export type SnapshotPreviewOut = Narrowed<Schemas["SnapshotPreviewOut"], { counts: SnapshotCounts }>;
export type DatasheetOut = Schemas["DatasheetOut"];
export type SheetOut = Schemas["SheetOut"];
export type SnapshotOut = Narrowed<Schemas["SnapshotOut"], { counts: SnapshotCounts }>;
export type SnapshotRequestOut = Narrowed<
  Schemas["SnapshotRequestOut"],
  { preview: SnapshotPreviewOut | null; snapshot: SnapshotOut | null }
>;

export type ReviewerOut = Schemas["ReviewerOut"];
export type ProvenanceName = Schemas["ProvenanceOutNameEnum"];
export type UnsettledName = Schemas["UnsettledEnum"];

export type VersionOut = Schemas["VersionOut"];
export type SettingValue = number | string | boolean | number[] | null;
/** Settings of a training by name; those that belong together lie in one object. */
export interface TrainingConfig {
  [name: string]: SettingValue | TrainingConfig;
}
/** A setting of a training: what it means, what it may be, and what it is when nobody chooses. */
export type EntryOut = Narrowed<Schemas["EntryOut"], { default: SettingValue; choices: (number | string)[] }>;
export type FamilyOut = Narrowed<Schemas["FamilyOut"], { training_settings: EntryOut[] }>;
export type PlanOut = Narrowed<Schemas["PlanOut"], { limits: Record<string, number | string> }>;
export type PlanEntryOut = Narrowed<Schemas["EntryOut"], { default: number | string; choices: string[] }>;
export type PlansOut = { plans: PlanOut[]; entries: PlanEntryOut[] };
export type ClaimOut = Schemas["ClaimOut"];
export type ClaimsOut = Schemas["ClaimsOut"];
export type ProofOut = Schemas["ProofOut"];
export type PromotionOut = Schemas["PromotionOut"];
export type ReportOut = Schemas["ReportOut"];
export type EvaluationOut = Schemas["Evaluation"];
export type ReportExampleOut = Schemas["ReportExampleOut"];
export type GazeExampleOut = Schemas["GazeExampleOut"];
export type LabelFigures = Schemas["LabelFigures"];
export type SubgroupFigures = Schemas["SubgroupFigures"];
export type GateOut = Schemas["Gate"];
export type FittingOut = Narrowed<Schemas["FittingOut"], { changes: Record<string, SettingValue> }>;
export type TrainingEstimateOut = Narrowed<
  Schemas["TrainingEstimateOut"],
  { config: TrainingConfig; fitting: FittingOut | null }
>;
export type ResourceOut = Schemas["ResourceOut"];
/** A setting that a dataset's cases ask for, with the reason. */
export type ProposedSettingOut = Narrowed<
  Schemas["ProposedSettingOut"],
  { value: SettingValue; preset: SettingValue }
>;
/** Of a dataset's fingerprint what the page says in words. */
export interface FingerprintOut {
  images: number;
  series: number;
  patients: number;
  modalities: Record<string, number>;
}
export type ProposalOut = Narrowed<
  Schemas["ProposalOut"],
  { settings: ProposedSettingOut[]; fingerprint: FingerprintOut | null }
>;
export type PreviewOut = Schemas["PreviewOut"];
export type PreviewTileOut = Schemas["PreviewTileOut"];
export type TrainingRunOut = Narrowed<
  Schemas["TrainingRunOut"],
  {
    proposed: {
      settings?: ProposedSettingOut[];
      changed?: Record<string, { proposed: SettingValue; chosen: SettingValue }>;
    };
    estimate: Record<string, unknown>;
    config: Record<string, unknown>;
  }
>;

export type AuditEventOut = Schemas["AuditEventOut"];
export type AuditVerificationOut = Schemas["AuditVerificationOut"];
export type JobOut = Narrowed<Schemas["JobOut"], { state: JobState }>;
export type HealthOut = Schemas["HealthOut"];
export type SystemOut = Schemas["SystemOut"];
export type FirstStep = Schemas["FirstStepOut"];
export type LabelSetOut = Schemas["LabelSetOut"];
