import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get, post, rowsOf } from "./client";
import type { AuditEventOut, AuditVerificationOut, HealthOut, JobOut, SystemOut } from "./types";

export interface AuditFilters {
  object_kind?: string;
  object_id?: string;
  actor?: string;
  event_type?: string;
}

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => get<HealthOut>("system/health", undefined, signal),
});

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: ({ signal }) => get<SystemOut>("system/status", undefined, signal),
  refetchInterval: 10_000,
});

export const jobsQuery = (state: string | undefined) =>
  queryOptions({
    queryKey: ["jobs", state ?? "all"],
    queryFn: async ({ signal }) =>
      rowsOf(await get<JobOut[] | { results: JobOut[] }>("jobs", { state, limit: 100 }, signal)),
    refetchInterval: 4000,
  });

export const cancelJob = (id: string) => post<JobOut>(`jobs/${id}/cancel`);

export const auditQuery = (filters: AuditFilters) =>
  infiniteQueryOptions({
    queryKey: ["audit", filters],
    queryFn: ({ pageParam, signal }) =>
      get<{ results: AuditEventOut[]; next_cursor: string | null }>(
        "audit",
        { ...filters, cursor: pageParam, limit: 100 },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    // Reading the trail is itself recorded, so it is read only when asked for.
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const verifyAudit = () => post<AuditVerificationOut>("audit/verify");
