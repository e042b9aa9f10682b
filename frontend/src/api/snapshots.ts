import { queryOptions } from "@tanstack/react-query";
import { apiUrl, get, post, rowsOf } from "./client";
import type { DatasheetOut, QuestionOut, SnapshotOut, SnapshotRequestOut } from "./types";

/** What a dataset can ask of its pictures; it does not change while the page is open. */
export const questionsQuery = queryOptions({
  queryKey: ["questions"],
  queryFn: ({ signal }) => get<QuestionOut[]>("questions", undefined, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

export const snapshotsQuery = (project: string) =>
  queryOptions({
    queryKey: ["snapshots", "list", project],
    queryFn: async ({ signal }) =>
      rowsOf(
        await get<SnapshotOut[] | { results: SnapshotOut[] }>(
          `projects/${project}/snapshots`,
          undefined,
          signal,
        ),
      ),
    enabled: project !== "",
  });

export const snapshotQuery = (id: string) =>
  queryOptions({
    queryKey: ["snapshots", id],
    queryFn: ({ signal }) => get<SnapshotOut>(`snapshots/${id}`, undefined, signal),
    enabled: id !== "",
    staleTime: Number.POSITIVE_INFINITY,
  });

/** So many cases are counted anew whenever one changes; where there are more, a person asks for it. */
const countedAtOnce = 1000;

/** Ask a worker what a snapshot would hold if it were frozen now; the same question gets the same request. */
export const previewRequestQuery = (project: string, question: string, labelKeys: string[], cases: number) =>
  queryOptions({
    // Live events make the first of these stale, never the second.
    queryKey: [cases > countedAtOnce ? "snapshot-count" : "snapshot-preview", project, question, labelKeys],
    queryFn: ({ signal }) =>
      post<SnapshotRequestOut>(
        `projects/${project}/snapshots/preview`,
        { question, label_keys: labelKeys },
        { signal },
      ),
    enabled: project !== "" && labelKeys.length > 0,
  });

export const isUnderWay = (request: SnapshotRequestOut | undefined) =>
  request?.state === "queued" || request?.state === "running";

/** Where a request is; asked every second while a worker is at it, and told of its end by the live socket. */
export const snapshotRequestQuery = (id: string) =>
  queryOptions({
    queryKey: ["snapshot-requests", id],
    queryFn: ({ signal }) => get<SnapshotRequestOut>(`snapshot-requests/${id}`, undefined, signal),
    enabled: id !== "",
    refetchInterval: (query) => (isUnderWay(query.state.data) || !query.state.data ? 1000 : false),
  });

export const openRequestsQuery = (project: string) =>
  queryOptions({
    queryKey: ["snapshot-requests", "open", project],
    queryFn: ({ signal }) =>
      get<SnapshotRequestOut[]>(`projects/${project}/snapshots/requests`, undefined, signal),
    enabled: project !== "",
    refetchInterval: (query) => (query.state.data?.length ? 1000 : false),
  });

export const freezeSnapshot = (project: string, name: string, question: string, labelKeys: string[]) =>
  post<SnapshotRequestOut>(`projects/${project}/snapshots`, { name, question, label_keys: labelKeys });

export const cancelRequest = (id: string) => post<SnapshotRequestOut>(`snapshot-requests/${id}/cancel`);

export const datasheetQuery = (id: string) =>
  queryOptions({
    queryKey: ["snapshots", id, "datasheet"],
    queryFn: ({ signal }) => get<DatasheetOut>(`snapshots/${id}/datasheet`, undefined, signal),
    enabled: id !== "",
  });

export const manifestUrl = (id: string) => apiUrl(`snapshots/${id}/manifest`);
