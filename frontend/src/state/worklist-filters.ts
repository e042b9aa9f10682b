import type { Query } from "../api/client";
import type { WorkitemState } from "../api/types";

export const workitemStates: readonly WorkitemState[] = [
  "open",
  "claimed",
  "submitted",
  "rejected",
  "accepted",
  "corrected",
];

export const orderings = [
  "-priority",
  "-ai_score",
  "ai_score",
  "study_date",
  "-study_date",
  "patient_name",
  "-patient_name",
  "-updated_at",
  "updated_at",
  "state",
  "-state",
] as const;
export type Ordering = (typeof orderings)[number];
export const defaultOrdering: Ordering = "-priority";

/** What the worklist's address says. Every field is optional; unknown or malformed values are dropped. */
export interface WorklistSearch {
  state?: WorkitemState;
  modality?: string;
  body_part?: string;
  assignee?: string;
  date_from?: string;
  date_to?: string;
  grown?: true;
  q?: string;
  ordering?: Ordering;
}

const isoDate = /^\d{4}-\d{2}-\d{2}$/;

function text(value: unknown): string | undefined {
  const said = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  return said === "" ? undefined : said;
}

function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[]): Choice | undefined {
  return choices.find((choice) => choice === value);
}

/** A day of the calendar: 2024-02-31 is none, though a browser would take it for the 2nd of March. */
function date(value: unknown): string | undefined {
  const said = text(value);
  const day = said && isoDate.test(said) ? new Date(`${said}T00:00:00Z`) : null;
  return day && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(said ?? "") ? said : undefined;
}

/** Read the filters from the raw search parameters of an address. */
export function readWorklistSearch(raw: Record<string, unknown>): WorklistSearch {
  const search: WorklistSearch = {
    state: oneOf(raw.state, workitemStates),
    modality: text(raw.modality)?.toUpperCase(),
    body_part: text(raw.body_part)?.toUpperCase(),
    assignee: text(raw.assignee),
    date_from: date(raw.date_from),
    date_to: date(raw.date_to),
    grown: raw.grown === true || raw.grown === "true" ? true : undefined,
    q: text(raw.q),
    ordering: oneOf(raw.ordering, orderings),
  };
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined),
  ) as WorklistSearch;
}

/** The filters as the API's query, with the default order filled in. */
export function worklistQuery(search: WorklistSearch & { project?: string }): Query {
  return { ...search, ordering: search.ordering ?? defaultOrdering };
}

/** How many filters narrow the list (the order and the project do not count). */
export function activeFilters(search: WorklistSearch & { project?: string }): number {
  const { ordering: _ordering, project: _project, ...filters } = search;
  return Object.values(filters).filter((value) => value !== undefined).length;
}

/** The next order when a column head is pressed: its first direction, then the other, then the default. */
export function turnedOrdering(
  current: Ordering | undefined,
  first: Ordering,
  second: Ordering,
): Ordering | undefined {
  if (current === first) {
    return second;
  }
  return current === second ? undefined : first;
}
