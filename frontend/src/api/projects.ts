import { queryOptions } from "@tanstack/react-query";
import { apiUrl, get, patch, post, put, remove, rowsOf } from "./client";
import type {
  CaseInHandOut,
  LabelOut,
  LabelSetOut,
  LabelUse,
  PictureRules,
  PicturesPreview,
  ProjectOut,
  Reveal,
  RoleName,
  UserChangedOut,
  UserOut,
} from "./types";

export interface LabelIn {
  key: string;
  code_value: string;
  coding_scheme_designator: string;
  code_meaning: string;
  uses: LabelUse[];
  color: string;
  position?: number;
}

export const projectQuery = (slug: string) =>
  queryOptions({
    queryKey: ["projects", slug],
    queryFn: ({ signal }) => get<ProjectOut>(`projects/${slug}`, undefined, signal),
    enabled: slug !== "",
  });

export const createProject = (fields: { slug: string; title: string; description: string }) =>
  post<ProjectOut>("projects", fields);
export const changeProject = (
  slug: string,
  fields: Partial<{
    title: string;
    description: string;
    instructions: string;
    reveal: Reveal;
    required_labels: string[] | null;
    show_abandoned: boolean;
    pictures: PictureRules;
  }>,
  version: number,
) => patch<ProjectOut>(`projects/${slug}`, fields, { ifMatch: version });
export const picturesPreviewQuery = (slug: string, rules: PictureRules) =>
  queryOptions({
    queryKey: ["projects", slug, "pictures", rules],
    queryFn: ({ signal }) => post<PicturesPreview>(`projects/${slug}/pictures/preview`, rules, { signal }),
  });
export const setMember = (slug: string, userId: string, role: RoleName) =>
  put<unknown>(`projects/${slug}/members/${userId}`, { role });
export const removeMember = (slug: string, userId: string) =>
  remove<void>(`projects/${slug}/members/${userId}`);
export const createLabel = (slug: string, label: LabelIn) => post<LabelOut>(`projects/${slug}/labels`, label);
export const changeLabel = (
  slug: string,
  key: string,
  label: Partial<LabelIn> & { retired?: boolean; successor?: string | null },
  version: number,
) => patch<LabelOut>(`projects/${slug}/labels/${key}`, label, { ifMatch: version });

export const importLabelSet = (slug: string, form: "csv" | "json", content: string) =>
  post<LabelSetOut>(`projects/${slug}/label-set`, { form, content });
export const copyLabelSet = (slug: string, fromProject: string) =>
  post<LabelSetOut>(`projects/${slug}/label-set/copy`, { from_project: fromProject });
export const labelSetUrl = (slug: string, form: "csv" | "json") =>
  apiUrl(`projects/${slug}/label-set`, { form });

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) =>
    rowsOf(await get<UserOut[] | { results: UserOut[] }>("users", undefined, signal)),
});

export const createUser = (fields: {
  username: string;
  display_name: string;
  role: RoleName;
  password: string;
}) => post<UserOut>("users", fields);
/** The cases that a person has in hand: another role, or none, puts them back on the worklist. */
export const casesInHand = (id: string) => get<CaseInHandOut[]>(`users/${id}/cases`);

export const changeUser = (
  id: string,
  fields: Partial<{ display_name: string; role: RoleName; is_active: boolean; password: string }>,
) => patch<UserChangedOut>(`users/${id}`, fields);
