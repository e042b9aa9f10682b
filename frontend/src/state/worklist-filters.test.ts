import { describe, expect, it } from "vitest";
import { parsePlainSearch, stringifyPlainSearch } from "../api/plain-search";
import { activeFilters, readWorklistSearch, turnedOrdering, worklistQuery } from "./worklist-filters";

describe("the worklist's address", () => {
  it("keeps every filter through the address and back", () => {
    const search = readWorklistSearch({
      state: "submitted",
      modality: "DX",
      body_part: "CHEST",
      assignee: "me",
      date_from: "2024-01-31",
      date_to: "2024-02-29",
      q: "0123 & more",
      ordering: "-ai_score",
    });
    expect(readWorklistSearch(parsePlainSearch(stringifyPlainSearch({ ...search })))).toEqual(search);
  });

  it("drops values that mean nothing instead of failing", () => {
    expect(
      readWorklistSearch({
        state: "gone",
        date_from: "2024-02-31",
        date_to: "2024-13-45",
        ordering: "x",
        q: "  ",
      }),
    ).toEqual({});
  });

  it("writes plain pairs that a person can read", () => {
    expect(stringifyPlainSearch({ q: "123", state: undefined, project: "chest" })).toBe(
      "?q=123&project=chest",
    );
  });

  it("asks the server for the default order when the address names none", () => {
    expect(worklistQuery({ modality: "CT" })).toEqual({ modality: "CT", ordering: "-priority" });
  });

  it("counts only what narrows the list", () => {
    expect(activeFilters({ ordering: "-ai_score", q: "a", state: "open" })).toBe(2);
    expect(activeFilters({ project: "chest" })).toBe(0);
  });

  it("drops words for a day", () => {
    expect(readWorklistSearch({ date_from: "yesterday", date_to: "2024-02-29" })).toEqual({
      date_to: "2024-02-29",
    });
  });

  it("turns a column's order there, back, and off", () => {
    const first = turnedOrdering(undefined, "-study_date", "study_date");
    const second = turnedOrdering(first, "-study_date", "study_date");
    expect([first, second, turnedOrdering(second, "-study_date", "study_date")]).toEqual([
      "-study_date",
      "study_date",
      undefined,
    ]);
  });
});
