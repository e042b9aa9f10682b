import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "../api/errors";
import { emptyContent, type RevisionContent } from "../geometry/content";
import type { Autosave } from "./reading-autosave";
import { MemoryDraftStore } from "./reading-drafts";
import {
  addFinding,
  changeContent,
  changeFindings,
  dropCorrection,
  endSteps,
  redo as redoWhere,
  startCorrection,
  undo as undoWhere,
} from "./reading-edits";
import { findingRow, forgetFindings, mergeFromServer, useFindings } from "./reading-findings";
import { isUnsaved, shownMeasures } from "./reading-rows";
import { useSaveStatus } from "./reading-save-status";
import { SmallServer } from "./reading-small-server";
import { openSmallWindow } from "./reading-small-window";

const anything = () => true;
const undo = () => undoWhere(anything)?.label ?? null;
const redo = () => redoWhere(anything)?.label ?? null;

const length = (name = ""): RevisionContent => ({ ...emptyContent("length", "nodule"), name });

let server: SmallServer;
let drafts: MemoryDraftStore;
let autosave: Autosave;
let stopListening: () => void;

function begin(): void {
  ({ autosave, stopListening } = openSmallWindow(server, drafts));
}

beforeEach(() => {
  forgetFindings();
  server = new SmallServer();
  drafts = new MemoryDraftStore();
  begin();
});

afterEach(() => {
  stopListening();
  autosave.stop();
});

describe("autosave", () => {
  it("keeps a draft before anything is sent, and drops it when the server has it", async () => {
    addFinding(length(), null, "Length");
    await Promise.resolve();
    expect(drafts.drafts.size).toBe(1);
    expect(useSaveStatus.getState().state).toBe("unsaved");
    await autosave.flush();
    expect(drafts.drafts.size).toBe(0);
    expect(useSaveStatus.getState().state).toBe("saved");
    expect(server.calls).toEqual(["create"]);
  });

  it("sends an edit on top of the revision it was made on", async () => {
    const key = addFinding(length(), null, "Length");
    await autosave.flush();
    changeContent(key, { name: "apex" }, { label: "Rename" });
    await autosave.flush();
    expect(server.calls).toEqual(["create", "edit"]);
    expect(server.findings.get("f1")?.head.content.name).toBe("apex");
  });

  it("keeps working offline and sends when the server is back", async () => {
    server.down = true;
    addFinding(length(), null, "Length");
    await autosave.flush();
    expect(useSaveStatus.getState().state).toBe("offline");
    expect(drafts.drafts.size).toBe(1);
    server.down = false;
    await autosave.flush();
    expect(useSaveStatus.getState().state).toBe("saved");
    expect(server.findings.size).toBe(1);
  });

  /** The window goes without a word; a new one opens the case again. */
  async function crash(): Promise<void> {
    autosave.stop();
    stopListening();
    forgetFindings();
    begin();
    mergeFromServer([...server.findings.values()].map((finding) => structuredClone(finding)));
    await autosave.recover();
  }

  const offered = () => useSaveStatus.getState().offers;

  it("offers what a crashed window left behind, and sends it only when somebody says so", async () => {
    server.down = true;
    addFinding(length("before the crash"), null, "Length");
    await autosave.flush();
    server.down = false;
    await crash();
    await autosave.flush();
    expect(server.calls).toEqual([]);
    expect(useFindings.getState().order).toEqual([]);
    expect(offered().map((offer) => offer.draft.content.name)).toEqual(["before the crash"]);
    await autosave.apply(offered()[0]?.draft.id ?? "");
    expect([...server.findings.values()].map((finding) => finding.head.content.name)).toEqual([
      "before the crash",
    ]);
    expect(offered()).toEqual([]);
    expect(drafts.drafts.size).toBe(0);
  });

  it("forgets a draft that is discarded, for good", async () => {
    server.down = true;
    addFinding(length(), null, "Length");
    await autosave.flush();
    server.down = false;
    await crash();
    await autosave.discard(offered()[0]?.draft.id ?? "");
    expect(useSaveStatus.getState().state).toBe("saved");
    await crash();
    expect(offered()).toEqual([]);
    expect(server.findings.size).toBe(0);
  });

  it("does not make a finding twice whose first save was answered into the void before the crash", async () => {
    server.mute = true;
    addFinding(length(), null, "Length");
    await autosave.flush();
    server.mute = false;
    await crash();
    expect(server.findings.size).toBe(1);
    await autosave.apply(offered()[0]?.draft.id ?? "");
    expect(server.findings.size).toBe(1);
    expect(useFindings.getState().order).toHaveLength(1);
    expect(Object.keys(useFindings.getState().rows)).toHaveLength(1);
  });

  it("makes one finding when the answer of its creation is lost and it is changed meanwhile", async () => {
    server.mute = true;
    const key = addFinding(length("first"), null, "Length");
    await autosave.flush();
    expect(useSaveStatus.getState().state).toBe("offline");
    changeContent(key, { name: "moved a little" }, { label: "Rename" });
    await autosave.flush();
    server.mute = false;
    await autosave.flush();
    expect([...server.findings.values()].map((finding) => finding.head.content.name)).toEqual([
      "moved a little",
    ]);
    expect(useSaveStatus.getState().state).toBe("saved");
    expect(findingRow(key)?.content.name).toBe("moved a little");
  });

  it("deletes a finding that was undone while nobody knew whether the server had it", async () => {
    server.mute = true;
    addFinding(length(), null, "Length");
    await autosave.flush();
    undo();
    expect(useSaveStatus.getState().state).not.toBe("saved");
    server.mute = false;
    await autosave.flush();
    expect([...server.findings.values()].map((finding) => finding.deleted)).toEqual([true]);
    expect(useSaveStatus.getState().state).toBe("saved");
  });

  it("asks a person when an unanswered creation had arrived and was changed elsewhere since", async () => {
    server.mute = true;
    const key = addFinding(length("mine"), null, "Length");
    await autosave.flush();
    server.mute = false;
    const made = server.findings.get("f1");
    await server.revise("f1", length("other window"), "x", "edit", made?.head.digest ?? "");
    changeContent(key, { name: "mine again" }, { label: "Rename" });
    await autosave.flush();
    expect(useSaveStatus.getState().state).toBe("conflict");
    expect(server.findings.get("f1")?.head.content.name).toBe("other window");
  });

  it("undoes a saved deletion by restoring, and a saved creation by deleting", async () => {
    const key = addFinding(length(), null, "Length");
    await autosave.flush();
    changeFindings([{ key, deleted: true }], { label: "Delete" });
    await autosave.flush();
    undo();
    await autosave.flush();
    undo();
    await autosave.flush();
    expect(server.calls).toEqual(["create", "delete", "restore", "delete"]);
    expect(findingRow(key)?.deleted).toBe(true);
  });

  it("sends nothing for a finding that was drawn and undone at once", async () => {
    addFinding(length(), null, "Length");
    undo();
    await autosave.flush();
    expect(server.calls).toEqual([]);
    expect(drafts.drafts.size).toBe(0);
  });

  it("goes back to the server's words when an edit is undone while it is being sent", async () => {
    const key = addFinding(length("a"), null, "Length");
    await autosave.flush();
    changeContent(key, { name: "b" }, { label: "Rename" });
    const sending = autosave.flush();
    undo();
    await sending;
    await autosave.flush();
    expect(server.findings.get("f1")?.head.content.name).toBe("a");
    expect(useSaveStatus.getState().state).toBe("saved");
  });

  it("shows again what the server holds when a change is refused, and never sends it by itself", async () => {
    const key = addFinding(length("stored"), null, "Length");
    await autosave.flush();
    const { revise } = server;
    server.revise = async () => {
      throw new ApiError({ status: 409, code: "no", message: "This study was handed in." });
    };
    changeContent(key, { name: "refused" }, { label: "Rename" });
    await autosave.flush();
    expect(findingRow(key)?.content.name).toBe("stored");
    expect(offered()).toMatchObject([{ refusal: "This study was handed in." }]);
    expect(useSaveStatus.getState().state).toBe("aside");
    expect(undo()).toBe(null);
    server.revise = revise;
    autosave.retry();
    await autosave.flush();
    expect(server.findings.get("f1")?.head.content.name).toBe("stored");
    await autosave.apply(offered()[0]?.draft.id ?? "");
    expect(server.findings.get("f1")?.head.content.name).toBe("refused");
  });

  it("takes a new finding off the page when the server refuses it, and keeps its draft", async () => {
    server.create = async () => {
      throw new ApiError({ status: 422, code: "bad", message: "The label was retired. Choose another." });
    };
    addFinding(length("kept"), null, "Length");
    await autosave.flush();
    expect(useFindings.getState().order).toEqual([]);
    expect(offered()).toMatchObject([
      { refusal: "The label was retired. Choose another.", draft: { content: { name: "kept" } } },
    ]);
    expect(drafts.drafts.size).toBe(1);
  });

  it("keeps a change on the page while nobody is signed in, and sends it when somebody is again", async () => {
    const { create } = server;
    server.create = async () => {
      throw new ApiError({ status: 401, code: "not_signed_in", message: "Sign in." });
    };
    addFinding(length(), null, "Length");
    await autosave.flush();
    expect(useSaveStatus.getState()).toMatchObject({ state: "failed", message: "Sign in." });
    expect(useFindings.getState().order).toHaveLength(1);
    server.create = create;
    autosave.retry();
    await autosave.flush();
    expect(server.findings.size).toBe(1);
  });

  it("sees its own deletion in an answer that says it came too late", async () => {
    const key = addFinding(length(), null, "Length");
    await autosave.flush();
    server.mute = true;
    changeFindings([{ key, deleted: true }], { label: "Delete" });
    await autosave.flush();
    server.mute = false;
    await autosave.flush();
    expect(useSaveStatus.getState()).toMatchObject({ state: "saved", conflict: null });
  });
});

describe("two people at one finding", () => {
  async function conflict(): Promise<string> {
    const key = addFinding(length("ours"), null, "Length");
    await autosave.flush();
    const digest = findingRow(key)?.saved?.digest ?? "";
    await server.revise("f1", length("theirs"), "other", "edit", digest);
    changeContent(key, { name: "mine" }, { label: "Rename" });
    await autosave.flush();
    expect(useSaveStatus.getState().state).toBe("conflict");
    return key;
  }

  it("keeps mine as a merge on top of theirs", async () => {
    const key = await conflict();
    await autosave.resolve(key, "mine");
    expect(server.calls.at(-1)).toBe("merge");
    expect(server.findings.get("f1")?.head.content.name).toBe("mine");
  });

  it("keeps theirs and sends nothing", async () => {
    const key = await conflict();
    await autosave.resolve(key, "theirs");
    expect(findingRow(key)?.content.name).toBe("theirs");
    expect(useSaveStatus.getState().state).toBe("saved");
  });

  it("brings nothing back that was deleted here, also when both are to be kept", async () => {
    const key = addFinding(length("ours"), null, "Length");
    await autosave.flush();
    await server.revise("f1", length("theirs"), "other", "edit", findingRow(key)?.saved?.digest ?? "");
    changeFindings([{ key, deleted: true }], { label: "Delete" });
    await autosave.flush();
    await autosave.resolve(key, "both");
    expect([...server.findings.values()].map((finding) => finding.head.content.name)).toEqual(["theirs"]);
  });

  it("keeps both as two findings", async () => {
    const key = await conflict();
    await autosave.resolve(key, "both");
    expect([...server.findings.values()].map((finding) => finding.head.content.name)).toEqual([
      "theirs",
      "mine",
    ]);
  });
});

describe("undo", () => {
  it("goes back and forth across findings, labels, names and deletions", () => {
    const a = addFinding(length(), null, "Length");
    changeContent(a, { name: "x" }, { label: "Rename" });
    changeContent(a, { label_key: "effusion" }, { label: "Label" });
    changeFindings([{ key: a, deleted: true }], { label: "Delete" });
    expect([undo(), undo(), undo(), undo(), undo()]).toEqual(["Delete", "Label", "Rename", "Length", null]);
    expect(findingRow(a)?.deleted).toBe(true);
    redo();
    redo();
    expect(findingRow(a)).toMatchObject({ deleted: false, content: { name: "x", label_key: "nodule" } });
  });

  it("takes typing as one step", () => {
    const a = addFinding(length(), null, "Length");
    for (const name of ["n", "no", "nod"]) {
      changeContent(a, { name }, { label: "Rename", merge: "name" });
    }
    undo();
    expect(findingRow(a)?.content.name).toBe("");
    redo();
    expect(findingRow(a)?.content.name).toBe("nod");
  });

  it("forgets what was undone when something new is done", () => {
    const a = addFinding(length(), null, "Length");
    undo();
    addFinding(length(), null, "Length");
    expect(redo()).toBeNull();
    expect(findingRow(a)?.deleted).toBe(true);
  });

  it("leaves nothing of a cancelled correction behind", () => {
    const a = addFinding(length("orig"), null, "Length");
    const copy = startCorrection(a);
    if (!copy) {
      throw new Error("no copy");
    }
    changeContent(copy, { name: "corrected" }, { label: "Rename" });
    const row = findingRow(copy);
    expect(row && isUnsaved(row)).toBe(false);
    dropCorrection(copy);
    expect(findingRow(a)?.content.name).toBe("orig");
    expect(useFindings.getState().past).toHaveLength(1);
  });
});

describe("news from the server", () => {
  it("do not overwrite what is unsaved here", async () => {
    const key = addFinding(length("a"), null, "Length");
    await autosave.flush();
    changeContent(key, { name: "unsaved" }, { label: "Rename" });
    mergeFromServer([...server.findings.values()]);
    expect(findingRow(key)?.content.name).toBe("unsaved");
    expect(Object.keys(useFindings.getState().rows)).toHaveLength(1);
  });
});

describe("undo and another window of the same person", () => {
  const news = () => mergeFromServer([...server.findings.values()].map((one) => structuredClone(one)));

  async function moved(): Promise<string> {
    const key = addFinding(length("old name"), null, "Length");
    await autosave.flush();
    changeContent(key, { text: "moved" }, { label: "Move" });
    await autosave.flush();
    return key;
  }

  async function elsewhere(content: Partial<RevisionContent>): Promise<void> {
    const head = server.findings.get("f1")?.head;
    await server.revise(
      "f1",
      { ...(head?.content ?? length()), ...content },
      "w2",
      "edit",
      head?.digest ?? "",
    );
    news();
  }

  it("takes back only the fields that the step changed", async () => {
    await moved();
    await elsewhere({ name: "named in the other window" });
    expect(undo()).toBe("Move");
    await autosave.flush();
    expect(server.findings.get("f1")?.head.content).toMatchObject({
      name: "named in the other window",
      text: "",
    });
  });

  it("leaves what was changed elsewhere since as it is", async () => {
    const key = await moved();
    await elsewhere({ text: "moved further in the other window" });
    expect(undoWhere(anything)?.outcome).toBe("overtaken");
    await autosave.flush();
    expect(server.findings.get("f1")?.head.content.text).toBe("moved further in the other window");
    expect(findingRow(key)?.content.text).toBe("moved further in the other window");
  });

  it("does nothing to a finding that may not be changed now", async () => {
    const key = await moved();
    expect(undoWhere(() => false)?.outcome).toBe("not-yours");
    expect(findingRow(key)?.content.text).toBe("moved");
    endSteps();
    expect(undo()).toBe(null);
  });

  const frame = (uid: string, runs: number[]) => ({ sop_instance_uid: uid, frame_number: 1, runs });
  const painted = (frames: ReturnType<typeof frame>[]): RevisionContent => ({
    ...emptyContent("mask", "nodule"),
    mask: { series_instance_uid: "s", rows: 4, columns: 4, frames },
  });
  const frames = () => server.findings.get("f1")?.head.content.mask?.frames ?? [];

  it("paints and undoes a slice without touching the one painted elsewhere", async () => {
    const key = addFinding(painted([frame("a", [0, 1])]), null, "Paint");
    await autosave.flush();
    const pressed = findingRow(key);
    await elsewhere({ mask: painted([frame("a", [0, 1]), frame("d", [4, 2])]).mask });
    // The stroke began before the news came, and ends after it.
    const stroke = painted([frame("a", [0, 3])]);
    changeFindings([{ key, content: stroke, from: pressed }], { label: "Paint" });
    await autosave.flush();
    expect(frames()).toEqual([frame("a", [0, 3]), frame("d", [4, 2])]);
    undo();
    await autosave.flush();
    expect(frames()).toEqual([frame("a", [0, 1]), frame("d", [4, 2])]);
  });

  it("asks a person when both painted the same slice", async () => {
    const key = addFinding(painted([frame("a", [0, 1])]), null, "Paint");
    await autosave.flush();
    const pressed = findingRow(key);
    await elsewhere({ mask: painted([frame("a", [8, 2])]).mask });
    changeFindings([{ key, content: painted([frame("a", [0, 3])]), from: pressed }], { label: "Paint" });
    await autosave.flush();
    expect(useSaveStatus.getState().state).toBe("conflict");
    expect(frames()).toEqual([frame("a", [8, 2])]);
  });

  it("shows the server's measures only of the mask that the server measured", async () => {
    const key = addFinding(painted([frame("a", [0, 1])]), null, "Paint");
    await autosave.flush();
    const made = server.findings.get("f1");
    if (made) {
      made.head = {
        ...made.head,
        content: { ...made.head.content, measures: { pixels: { value: 1, unit: "1", source: "none" } } },
      };
      made.head.number += 1;
    }
    news();
    const measures = () => {
      const row = findingRow(key);
      return row ? Object.keys(shownMeasures(row)) : [];
    };
    expect(measures()).toEqual(["pixels"]);
    changeContent(key, { mask: painted([frame("a", [0, 3])]).mask }, { label: "Paint" });
    expect(measures()).toEqual([]);
    undo();
    expect(measures()).toEqual(["pixels"]);
  });
});
