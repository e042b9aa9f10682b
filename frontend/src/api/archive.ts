import { queryOptions } from "@tanstack/react-query";
import { apiUrl, get, post } from "./client";
import type { Page, Schemas, WorkitemRow } from "./types";

export type IdentityOut = Schemas["IdentityOut"];
export type StatedOut = Schemas["StatedOut"];
export type ConflictOut = Schemas["ConflictOut"];
export type StudyHead = Schemas["StudyHeadOut"];
export type HeldObject = Schemas["HeldObjectOut"];
export type DecisionState = "open" | "decided";

export const identitiesQuery = (state: DecisionState) =>
  queryOptions({
    queryKey: ["archive", "identities", state],
    queryFn: async ({ signal }) =>
      (await get<Schemas["IdentitiesOut"]>("identities", { state }, signal)).results,
  });

export const decideIdentity = (
  { id, version }: IdentityOut,
  persons: Schemas["StatementOut"][][],
  reason: string,
) => post<IdentityOut>(`identities/${id}/decide`, { persons, reason }, { ifMatch: version });

export const conflictsQuery = (state: DecisionState) =>
  queryOptions({
    queryKey: ["archive", "conflicts", state],
    queryFn: async ({ signal }) =>
      (await get<Schemas["ConflictsOut"]>("conflicts", { state }, signal)).results,
  });

export const decideConflict = ({ id, version }: ConflictOut, verdict: "keep" | "supersede", reason: string) =>
  post<ConflictOut>(`conflicts/${id}/decide`, { verdict, reason }, { ifMatch: version });

export const conflictPicture = (id: string, version: "first" | "second") =>
  apiUrl(`conflicts/${id}/picture/${version}`);

export type PairOfNumbersOut = Schemas["PairOfNumbersOut"];
export type NearCopyOut = Schemas["NearCopyOut"];
export type WithdrawalOut = Schemas["WithdrawalOut"];

export const samePersonQuery = () =>
  queryOptions({
    queryKey: ["archive", "same-person"],
    queryFn: async ({ signal }) =>
      (await get<Schemas["PairsOfNumbersOut"]>("same-person", undefined, signal)).results,
  });

export const decideSamePerson = (
  pair: PairOfNumbersOut,
  verdict: "one_person" | "different",
  reason: string,
) =>
  post<Schemas["PairsOfNumbersOut"]>(
    "same-person/decide",
    { first: pair.first.id, second: pair.second.id, verdict, reason },
    { ifMatch: pair.version },
  );

export const nearCopiesQuery = (state: DecisionState) =>
  queryOptions({
    queryKey: ["archive", "near-copies", state],
    queryFn: ({ signal }) => get<Schemas["NearCopiesOut"]>("near-copies", { state }, signal),
  });

export const decideNearCopy = (pair: NearCopyOut, verdict: "one_picture" | "different") =>
  post<NearCopyOut>(`near-copies/${pair.id}/decide`, {
    verdict,
    first_digest: pair.first.blob_digest,
    second_digest: pair.second.blob_digest,
  });

export const withdrawalsQuery = () =>
  queryOptions({
    queryKey: ["archive", "withdrawals"],
    queryFn: async ({ signal }) =>
      (await get<Schemas["WithdrawalsOut"]>("withdrawals", undefined, signal)).results,
  });

/** One case of each patient whom words are found in. */
export const patientsQuery = (words: string) =>
  queryOptions({
    queryKey: ["workitems", "patients", words],
    queryFn: async ({ signal }) => {
      const found = (await get<Page<WorkitemRow>>("workitems", { q: words, limit: 40 }, signal)).results;
      const first = new Map(found.map((row) => [`${row.study.patient_id}|${row.study.patient_name}`, row]));
      return [...first.values()];
    },
    enabled: words !== "",
  });

export const withdraw = (
  who: { study_instance_uid: string } | { reader_id: string },
  withdrawn: boolean,
  reason: string,
) => post<WithdrawalOut>("withdrawals", { ...who, withdrawn, reason });

export const studyContentsQuery = (uid: string) =>
  queryOptions({
    queryKey: ["archive", "study", uid],
    queryFn: ({ signal }) => get<Schemas["StudyContentsOut"]>(`studies/${uid}/contents`, undefined, signal),
  });

export const withoutPicturesQuery = (project: string | undefined) =>
  queryOptions({
    queryKey: ["archive", "without-pictures", project ?? ""],
    queryFn: async ({ signal }) =>
      (await get<Schemas["StudiesWithoutPicturesOut"]>("studies/without-pictures", { project }, signal))
        .results,
  });

export const objectFileUrl = (sopInstanceUid: string) => apiUrl(`instances/${sopInstanceUid}/file`);
export const documentUrl = (sopInstanceUid: string) => apiUrl(`instances/${sopInstanceUid}/document`);
