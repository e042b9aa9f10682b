import { queryOptions } from "@tanstack/react-query";
import { get, post, rowsOf } from "./client";
import type {
  ClaimsOut,
  FamilyOut,
  GazeExampleOut,
  PlanEntryOut,
  PlansOut,
  PreviewOut,
  PromotionOut,
  ProofOut,
  ProposalOut,
  RecipeOut,
  ReportExampleOut,
  ReportOut,
  TrainingConfig,
  TrainingEstimateOut,
  TrainingRunOut,
} from "./types";

/** What a family can be; it does not change while the page is open. */
export const recipesQuery = queryOptions({
  queryKey: ["recipes"],
  queryFn: ({ signal }) => get<RecipeOut[]>("recipes", undefined, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

export const modelsQuery = (project: string | undefined) =>
  queryOptions({
    queryKey: ["models", project ?? "all"],
    queryFn: async ({ signal }) =>
      rowsOf(await get<FamilyOut[] | { results: FamilyOut[] }>("models", { project }, signal)),
  });

export const createFamily = (fields: {
  project: string;
  slug: string;
  title: string;
  recipe: string;
  label_keys: string[];
  modalities: string[];
  change_plan: PlanFields["limits"];
  operating_point: PlanFields["operating_point"];
  reason: string;
}) => post<FamilyOut>("models", fields);

/** What each limit of a change plan means; it does not change while the page is open. */
export const planEntriesQuery = queryOptions({
  queryKey: ["models", "plan-entries"],
  queryFn: ({ signal }) => get<PlanEntryOut[]>("models/plan-entries", undefined, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

export const plansQuery = (familyId: string) =>
  queryOptions({
    queryKey: ["models", "plans", familyId],
    queryFn: ({ signal }) => get<PlansOut>(`models/${familyId}/plans`, undefined, signal),
  });

/** What a version's figures are worth. */
export const fetchClaims = (versionId: string) => get<ClaimsOut>(`versions/${versionId}/claims`);

export type TestPatients = Record<string, { positive: number; negative: number }>;

/** What a test split with so many patients could prove by the family's plan. */
export const proofQuery = (familyId: string, labels: TestPatients) =>
  queryOptions({
    queryKey: ["models", "proof", familyId, labels],
    queryFn: ({ signal }) => post<ProofOut>(`models/${familyId}/proof`, { labels }, { signal }),
    staleTime: 60_000,
  });

export type PlanFields = {
  limits: Record<string, number | string>;
  operating_point: { kind: string; value: number | null };
  reason: string;
};

export const declarePlan = (familyId: string, fields: PlanFields) =>
  post<PlansOut>(`models/${familyId}/plans`, fields);

export const promotionsQuery = (familyId: string) =>
  queryOptions({
    queryKey: ["promotions", familyId],
    queryFn: async ({ signal }) =>
      rowsOf(
        await get<PromotionOut[] | { results: PromotionOut[] }>(
          `models/${familyId}/promotions`,
          undefined,
          signal,
        ),
      ),
  });

export const estimateQuery = (familyId: string, snapshotId: string, config: TrainingConfig) =>
  queryOptions({
    queryKey: ["training", "estimate", familyId, snapshotId, config],
    queryFn: ({ signal }) =>
      post<TrainingEstimateOut>(
        `models/${familyId}/training/estimate`,
        { snapshot_id: snapshotId, config },
        { signal },
      ),
    enabled: snapshotId !== "",
    staleTime: 60_000,
  });

export const requestTraining = (
  familyId: string,
  snapshotId: string,
  config: TrainingConfig,
  reason: string,
  proposal: string,
) =>
  post<TrainingRunOut>(`models/${familyId}/training`, { snapshot_id: snapshotId, config, reason, proposal });

const beingMade = (state: ProposalOut["state"] | undefined) => state === "queued" || state === "running";

/** The settings that a snapshot's cases ask for; asked again until a worker has looked at them. */
export const proposalQuery = (familyId: string, snapshotId: string) =>
  queryOptions({
    queryKey: ["training", "proposal", familyId, snapshotId],
    queryFn: ({ signal }) => askProposal(familyId, snapshotId, false, signal),
    enabled: snapshotId !== "",
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: (query) => (beingMade(query.state.data?.state) ? 800 : false),
  });

export const askProposal = (familyId: string, snapshotId: string, again: boolean, signal?: AbortSignal) =>
  post<ProposalOut>(
    `models/${familyId}/training/proposal`,
    { snapshot_id: snapshotId, again },
    signal ? { signal } : {},
  );

/** What a network would see with these settings; asked again until a worker has made it. */
export const previewQuery = (familyId: string, snapshotId: string, config: TrainingConfig) =>
  queryOptions({
    queryKey: ["training", "preview", familyId, snapshotId, config],
    queryFn: ({ signal }) => askPreview(familyId, snapshotId, config, false, signal),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: (query) => (beingMade(query.state.data?.state) ? 800 : false),
  });

export const askPreview = (
  familyId: string,
  snapshotId: string,
  config: TrainingConfig,
  again: boolean,
  signal?: AbortSignal,
) =>
  post<PreviewOut>(
    `models/${familyId}/training/preview`,
    { snapshot_id: snapshotId, config, again },
    signal ? { signal } : {},
  );

export const trainingsQuery = (project: string | undefined) =>
  queryOptions({
    queryKey: ["training", "list", project ?? "all"],
    queryFn: async ({ signal }) =>
      rowsOf(await get<TrainingRunOut[] | { results: TrainingRunOut[] }>("training", { project }, signal)),
  });

export const trainingQuery = (id: string) =>
  queryOptions({
    queryKey: ["training", id],
    queryFn: ({ signal }) => get<TrainingRunOut>(`training/${id}`, undefined, signal),
  });

export const cancelTraining = (id: string) => post<TrainingRunOut>(`training/${id}/cancel`);
export const resumeTraining = (id: string) => post<TrainingRunOut>(`training/${id}/resume`);

export const promoteVersion = (versionId: string, reportId: string, reason: string, answeredFor = "") =>
  post<unknown>(`versions/${versionId}/promote`, { report_id: reportId, reason, answered_for: answeredFor });
export const rollBack = (familyId: string, reason: string) =>
  post<unknown>(`models/${familyId}/roll-back`, { reason });
export const refuseVersion = (versionId: string, reason: string) =>
  post<unknown>(`versions/${versionId}/refuse`, { reason });
export const evaluateVersion = (versionId: string) => post<unknown>(`versions/${versionId}/evaluate`);

/** The cases that a report shows, with both outlines. */
export const examplesQuery = (reportId: string) =>
  queryOptions({
    queryKey: ["report", reportId, "examples"],
    queryFn: ({ signal }) => get<ReportExampleOut[]>(`reports/${reportId}/examples`, undefined, signal),
  });

/** The cases that tell where a version looks, with small pictures. */
export const gazeQuery = (reportId: string) =>
  queryOptions({
    queryKey: ["report", reportId, "gaze"],
    queryFn: ({ signal }) => get<GazeExampleOut[]>(`reports/${reportId}/gaze`, undefined, signal),
  });

export const reportQuery = (id: string) =>
  queryOptions({
    queryKey: ["report", id],
    queryFn: ({ signal }) => get<ReportOut>(`reports/${id}`, undefined, signal),
    enabled: id !== "",
  });
