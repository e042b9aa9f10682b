import { describe, expect, it, vi } from "vitest";
import type { RevisionOut } from "../../state/reading-types";
import { changesBetween } from "./revision-words";

vi.mock("../../viewer/findings-on-frame", () => ({ labelMeaning: (key: string) => key }));

const revision = (content: Record<string, unknown>): RevisionOut =>
  ({ content: { name: "", text: "", color: "", locked: false, ...content } }) as unknown as RevisionOut;
const answer = (present: boolean) => revision({ kind: "image_label", label_key: "nodule", present });

describe("the history of a finding", () => {
  it("says what was answered first, and what became of it", () => {
    expect(changesBetween(undefined, answer(true))).toEqual(["as nodule: present"]);
    expect(changesBetween(undefined, answer(false))).toEqual(["as nodule: absent"]);
    expect(changesBetween(answer(false), answer(true))).toEqual(["now present"]);
  });

  it("says of a drawing as what it was drawn", () => {
    expect(
      changesBetween(undefined, revision({ kind: "rectangle", label_key: "nodule", present: null })),
    ).toEqual(["as nodule"]);
    expect(changesBetween(undefined, revision({ kind: "length", label_key: null, present: null }))).toEqual([
      "drawn",
    ]);
  });
});
