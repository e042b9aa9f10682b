/** Calls of the reading page, one line each. */
import { fetchApi, get, post, remove, rowsOf } from "../api/client";
import type { RevisionContent } from "../geometry/content";
import type {
  Agreement,
  CaseHistory,
  CommentOut,
  CommentPin,
  FindingOut,
  PredictionOut,
  ReviewIn,
  ReviewOut,
  RevisionOut,
  SaliencyOut,
  WorkitemOut,
} from "./reading-types";

type Rows<Row> = Row[] | { results: Row[] };

export const fetchWorkitem = (id: string) => get<WorkitemOut>(`workitems/${id}`);
export const fetchFindings = async (id: string) =>
  rowsOf(await get<Rows<FindingOut>>(`workitems/${id}/findings`));
export const fetchComments = async (id: string) =>
  rowsOf(await get<Rows<CommentOut>>(`workitems/${id}/comments`));
export const fetchPredictions = async (id: string) =>
  rowsOf(await get<Rows<PredictionOut>>(`workitems/${id}/predictions`));
export const fetchRevisions = async (findingId: string) =>
  rowsOf(await get<Rows<RevisionOut>>(`findings/${findingId}/revisions`));

/** Reader and model, label by label. */
export const fetchAgreement = async (id: string) =>
  rowsOf(await get<Rows<Agreement>>(`workitems/${id}/agreement`));
export const fetchHistory = (id: string) => get<CaseHistory>(`workitems/${id}/history`);

export type WorkitemEvent =
  | "claim"
  | "release"
  | "assign"
  | "submit"
  | "withdraw"
  | "decide"
  | "reopen"
  | "all-negative";

export const sendWorkitemEvent = (id: string, event: WorkitemEvent, version: number, body: object = {}) =>
  post<WorkitemOut>(`workitems/${id}/${event}`, body, { ifMatch: version });

export const createFinding = (workitemId: string, content: RevisionContent, clientKey: string) =>
  post<FindingOut>(`workitems/${workitemId}/findings`, { content, client_key: clientKey });

export const appendRevision = (
  findingId: string,
  content: RevisionContent,
  clientKey: string,
  cause: "edit" | "merge",
  digest: string,
) =>
  post<RevisionOut>(
    `findings/${findingId}/revisions`,
    { content, client_key: clientKey, cause },
    { ifMatch: digest },
  );

export const deleteFinding = (findingId: string, digest: string) =>
  remove<RevisionOut>(`findings/${findingId}`, { ifMatch: digest });

export const restoreRevision = (findingId: string, revisionId: string, digest: string) =>
  post<RevisionOut>(`findings/${findingId}/restore`, { revision_id: revisionId }, { ifMatch: digest });

export const recordReview = (findingId: string, review: ReviewIn, digest: string) =>
  post<ReviewOut>(`findings/${findingId}/reviews`, review, { ifMatch: digest });

export const addComment = (
  workitemId: string,
  text: string,
  pin: CommentPin | null,
  findingId: string | null,
) => post<CommentOut>(`workitems/${workitemId}/comments`, { text, pin, finding_id: findingId });

export const requestPredictions = (workitemId: string) =>
  post<unknown>(`workitems/${workitemId}/predictions`);

export const requestSaliency = (predictionId: string, labelKey: string, method: string) =>
  post<SaliencyOut>(`predictions/${predictionId}/saliency`, { label_key: labelKey, method });

export const fetchSaliency = (saliencyId: string) => get<SaliencyOut>(`saliency/${saliencyId}`);

/** The map as uint8 [K, J, I], row-major. */
export async function fetchSaliencyMap(saliencyId: string): Promise<Uint8Array> {
  const answer = await fetchApi("GET", `saliency/${saliencyId}/map`);
  return new Uint8Array(await answer.arrayBuffer());
}
