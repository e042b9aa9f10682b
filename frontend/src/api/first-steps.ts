import { queryOptions } from "@tanstack/react-query";
import { get } from "./client";
import type { FirstStep } from "./types";

export const firstStepsQuery = queryOptions({
  queryKey: ["first-steps"],
  queryFn: ({ signal }) => get<FirstStep[]>("system/first-steps", undefined, signal),
  staleTime: 0,
});
