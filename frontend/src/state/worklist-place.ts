import type { MeOut } from "../api/types";
import { may } from "./session";
import { readWorklistSearch, type WorklistSearch } from "./worklist-filters";

type Place = WorklistSearch & { project?: string };

const placeKey = (person: string) => `overread.worklist.${person}`;

/** Where a person's worklist begins: on what waits for them. Who looks after the house sees all of it. */
export function firstWorklist(me: MeOut): WorklistSearch {
  if (me.role === "admin") {
    return {};
  }
  if (may(me, "finding.review")) {
    return { state: "submitted" };
  }
  return may(me, "workitem.claim") ? { state: "open" } : {};
}

/** Keep how a person looks at the worklist, for the way back to it in this tab. */
export function keepWorklist(person: string, place: Place): void {
  sessionStorage.setItem(placeKey(person), JSON.stringify(place));
}

/** The worklist as this person last looked at it in this tab; what is not understood is dropped. */
export function lastWorklist(person: string | undefined): Place {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(placeKey(person ?? "")) ?? "{}");
    const raw = typeof kept === "object" && kept !== null ? { ...kept } : {};
    const project = "project" in raw && typeof raw.project === "string" ? { project: raw.project } : {};
    return { ...readWorklistSearch(raw), ...project };
  } catch {
    return {};
  }
}
