import { queryOptions } from "@tanstack/react-query";
import { get, post } from "./client";
import type { Schemas } from "./types";

export type Doubts = Schemas["DoubtsOut"];
export type Doubt = Schemas["DoubtOut"];

const isGoing = (doubts: Doubts | undefined) =>
  doubts?.search?.state === "queued" || doubts?.search?.state === "running";

/** The doubtful labels of a snapshot, the most doubtful first; asked again while they are being looked for. */
export const doubtsQuery = (snapshot: string, label: string, limit: number) =>
  queryOptions({
    queryKey: ["suspects", snapshot, label, limit],
    queryFn: ({ signal }) =>
      get<Doubts>(`snapshots/${snapshot}/suspects`, { label_key: label, limit: String(limit) }, signal),
    enabled: snapshot !== "",
    refetchInterval: (query) => (isGoing(query.state.data) ? 2000 : false),
  });

export const searchSuspects = (snapshot: string) => post(`snapshots/${snapshot}/suspects`, {});

export const reopenWorkitem = (id: string, version: number, reason: string) =>
  post(`workitems/${id}/reopen`, { reason }, { ifMatch: version });
