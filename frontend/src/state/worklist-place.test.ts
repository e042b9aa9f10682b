import { beforeEach, describe, expect, it, vi } from "vitest";
import type { MeOut } from "../api/types";
import { firstWorklist, keepWorklist, lastWorklist } from "./worklist-place";

const person = (role: string, permissions: string[]) =>
  ({ role, site_permissions: [], projects: [{ slug: "chest", permissions }] }) as unknown as MeOut;

describe("where the worklist begins and where it was left", () => {
  beforeEach(() => {
    const kept = new Map<string, string>();
    vi.stubGlobal("sessionStorage", {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
    });
  });

  it("begins on what waits for the person", () => {
    expect(firstWorklist(person("radiologist", ["workitem.claim"]))).toEqual({ state: "open" });
    expect(firstWorklist(person("reviewer", ["workitem.claim", "finding.review"]))).toEqual({
      state: "submitted",
    });
    expect(firstWorklist(person("admin", ["workitem.claim", "finding.review"]))).toEqual({});
    expect(firstWorklist(person("radiologist", []))).toEqual({});
  });

  it("goes back to the filters of this person, and of nobody else", () => {
    keepWorklist("ann", { project: "chest", state: "submitted", q: "doe", ordering: "study_date" });
    expect(lastWorklist("ann")).toEqual({
      project: "chest",
      state: "submitted",
      q: "doe",
      ordering: "study_date",
    });
    expect(lastWorklist("bob")).toEqual({});
    expect(lastWorklist(undefined)).toEqual({});
  });

  it("drops what it does not understand", () => {
    sessionStorage.setItem("overread.worklist.ann", "{");
    expect(lastWorklist("ann")).toEqual({});
    sessionStorage.setItem("overread.worklist.ann", JSON.stringify({ state: "lost", project: 7, q: "a" }));
    expect(lastWorklist("ann")).toEqual({ q: "a" });
  });
});
