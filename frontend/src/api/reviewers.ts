import { queryOptions } from "@tanstack/react-query";
import { get } from "./client";
import type { ReviewerOut } from "./types";

/** How each reviewer of a project decides about models' findings; of others only an admin learns it. */
export const reviewersQuery = (project: string) =>
  queryOptions({
    queryKey: ["reviewers", project],
    queryFn: ({ signal }) => get<ReviewerOut[]>(`projects/${project}/reviewers`, undefined, signal),
    enabled: project !== "",
  });
