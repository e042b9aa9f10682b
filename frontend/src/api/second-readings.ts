import { queryOptions } from "@tanstack/react-query";
import { get, post } from "./client";
import type { Schemas } from "./types";

export type BlindReadings = Schemas["BlindReadingsOut"];
export type BlindReadingCase = Schemas["BlindReadingCaseOut"];

/** Which cases of test patients lack a blind reading, of those that a preview found, and who could give it. */
export const blindReadingsQuery = (request: string) =>
  queryOptions({
    queryKey: ["snapshot-requests", request, "blind-readings"],
    queryFn: ({ signal }) =>
      get<BlindReadings>(`snapshot-requests/${request}/blind-readings`, undefined, signal),
    enabled: request !== "",
  });

/** Give a signed-off case to somebody who has not seen what was said of it. */
export const readAgain = (row: BlindReadingCase, reader: string, reason: string) =>
  post(`workitems/${row.id}/read-again`, { reader, reason }, { ifMatch: row.version });
