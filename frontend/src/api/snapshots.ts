import { queryOptions } from "@tanstack/react-query";
import { get, post, rowsOf } from "./client";
import type { RecipeName, SnapshotOut, SnapshotPreviewOut } from "./types";

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

/** What a snapshot would hold if it were frozen now; nothing is written. */
export const snapshotPreviewQuery = (project: string, recipe: RecipeName, labelKeys: string[]) =>
  queryOptions({
    queryKey: ["snapshot-preview", project, recipe, labelKeys],
    queryFn: ({ signal }) =>
      post<SnapshotPreviewOut>(
        `projects/${project}/snapshots/preview`,
        { recipe, label_keys: labelKeys },
        { signal },
      ),
    enabled: project !== "" && labelKeys.length > 0,
  });

export const freezeSnapshot = (project: string, name: string, recipe: RecipeName, labelKeys: string[]) =>
  post<SnapshotOut>(`projects/${project}/snapshots`, { name, recipe, label_keys: labelKeys });
