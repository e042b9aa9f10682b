import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get, type Query } from "./client";
import type { Page, WorkitemRow } from "./types";

export const workitemPageSize = 100;

/** The worklist in pages; the key holds every filter, so each view of the URL is its own cache entry. */
export const workitemsQuery = (filters: Query) =>
  infiniteQueryOptions({
    queryKey: ["workitems", "list", filters],
    queryFn: ({ pageParam, signal }) =>
      get<Page<WorkitemRow>>("workitems", { ...filters, cursor: pageParam, limit: workitemPageSize }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (previous) => previous,
  });

/** How many work items the filters match. */
export const workitemCountQuery = (filters: Query) =>
  queryOptions({
    queryKey: ["workitems", "count", filters],
    queryFn: async ({ signal }) =>
      (await get<Page<WorkitemRow>>("workitems", { ...filters, limit: 1 }, signal)).count,
    placeholderData: (previous) => previous,
  });

/** The next case to read or review, or `null` when there is none. */
export async function nextWorkitem(query: {
  project?: string;
  after?: string;
  mode: "read" | "review";
}): Promise<WorkitemRow | null> {
  return (await get<WorkitemRow | undefined>("workitems/next", query)) ?? null;
}
