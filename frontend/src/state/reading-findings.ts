/** The findings of the case on the screen, and what was done to them. */
import { create } from "zustand";
import type { Standing } from "../geometry/content-patch";
import { type FindingRow, isUnsaved, rowFromServer, rulesOf } from "./reading-rows";
import type { FindingOut } from "./reading-types";

/** One step of undo: what some findings said before and after. Undoing does only what differs between the two. */
export interface Step {
  label: string;
  merge: string | null;
  at: number;
  changes: { key: string; before: Standing; after: Standing }[];
}

export interface FindingsState {
  rows: Record<string, FindingRow>;
  order: string[];
  past: Step[];
  future: Step[];
}

export const useFindings = create<FindingsState>(() => ({ rows: {}, order: [], past: [], future: [] }));

export function findingRow(key: string | null): FindingRow | undefined {
  return key ? useFindings.getState().rows[key] : undefined;
}

export function addRow(row: FindingRow): void {
  useFindings.setState((state) => ({
    rows: { ...state.rows, [row.key]: row },
    order: state.order.includes(row.key) ? state.order : [...state.order, row.key],
  }));
}

/**
 * Merge some fields into one row without a step of undo (what the server said). When the server turns out to know
 * the finding under another row (a save whose answer was lost, a label said before), the two become one.
 */
export function patchRow(key: string, fields: Partial<FindingRow>): void {
  useFindings.setState((state) => {
    const row = state.rows[key];
    if (!row) {
      return state;
    }
    const rows = { ...state.rows, [key]: { ...row, ...fields } };
    const twin = Object.values(rows).find(
      (other) => fields.id && other.id === fields.id && other.key !== key && other.correctionOf === null,
    );
    if (!twin) {
      return { rows };
    }
    delete rows[twin.key];
    return { rows, order: state.order.filter((other) => other !== twin.key) };
  });
}

/** Take over what the server holds now; rows with unsaved changes, or with a request not answered yet, keep theirs. */
export function mergeFromServer(
  list: readonly FindingOut[],
  isUnsettled: (key: string) => boolean = () => false,
): void {
  const isOurs = (row: FindingRow) => isUnsaved(row) || isUnsettled(row.key);
  useFindings.setState((state) => {
    const rows = { ...state.rows };
    const keyOfId = new Map(
      Object.values(rows).flatMap((row) => (row.id && !row.correctionOf ? [[row.id, row.key] as const] : [])),
    );
    const seen = new Set<string>();
    const order = [...state.order];
    for (const out of list) {
      const key = keyOfId.get(out.id) ?? out.id;
      seen.add(key);
      const before = rows[key];
      if (before && isOurs(before)) {
        rows[key] = { ...before, ...rulesOf(out) };
      } else if (before?.saved && before.saved.number > out.head.number) {
        // An answer that was under way while a newer revision was saved.
        rows[key] = { ...before, ...rulesOf(out) };
      } else {
        rows[key] = rowFromServer(out, key, before);
      }
      if (!order.includes(key)) {
        order.push(key);
      }
    }
    for (const row of Object.values(rows)) {
      if (row.id && !seen.has(row.key) && !row.correctionOf && !isOurs(row) && !row.deleted) {
        delete rows[row.key];
      }
    }
    return { rows, order: order.filter((key) => rows[key]) };
  });
}

export function forgetFindings(): void {
  useFindings.setState({ rows: {}, order: [], past: [], future: [] });
}
