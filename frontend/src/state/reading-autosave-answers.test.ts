import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emptyContent, type RevisionContent } from "../geometry/content";
import type { Autosave } from "./reading-autosave";
import { MemoryDraftStore } from "./reading-drafts";
import { addFinding, changeFindings } from "./reading-edits";
import { findingRow, forgetFindings, mergeFromServer, useFindings } from "./reading-findings";
import { useSaveStatus } from "./reading-save-status";
import { SmallServer } from "./reading-small-server";
import { openSmallWindow } from "./reading-small-window";

const answer = (present: boolean): RevisionContent => ({ ...emptyContent("image_label", "nodule"), present });

let server: SmallServer;
let drafts: MemoryDraftStore;
let autosave: Autosave;
let stopListening: () => void;

function openWindow(): void {
  ({ autosave, stopListening } = openSmallWindow(server, drafts));
}

beforeEach(() => {
  forgetFindings();
  server = new SmallServer();
  drafts = new MemoryDraftStore();
  openWindow();
});

afterEach(() => {
  stopListening();
  autosave.stop();
});

/** This window answers "absent" while it is offline; the other one of the same person says "present" meanwhile. */
async function answeredTwice(): Promise<string> {
  server.down = true;
  const key = addFinding(answer(false), null, "Answer");
  await autosave.flush();
  server.down = false;
  await server.create(answer(true), "the other window");
  await autosave.flush();
  return key;
}

const held = () => [...server.findings.values()].map((one) => [one.head.content.present, one.head.number]);

describe("one question answered in two windows", () => {
  it("overwrites nothing: a person chooses between the two answers", async () => {
    const key = await answeredTwice();
    expect(held()).toEqual([[true, 1]]);
    const { state, conflict } = useSaveStatus.getState();
    expect([state, conflict?.mine.present, conflict?.head.content.present]).toEqual([
      "conflict",
      false,
      true,
    ]);
    await autosave.resolve(key, "mine");
    expect(held()).toEqual([[false, 2]]);
    expect(useSaveStatus.getState()).toMatchObject({ state: "saved", conflict: null });
  });

  it("shows the other answer when that one is kept, once, also where it had come with a refresh", async () => {
    const key = await answeredTwice();
    mergeFromServer([...server.findings.values()]);
    await autosave.resolve(key, "theirs");
    expect(held()).toEqual([[true, 1]]);
    const rows = Object.values(useFindings.getState().rows);
    expect(rows.map((row) => [row.id, row.content.present, row.deleted])).toEqual([["f1", true, false]]);
    expect(useSaveStatus.getState().state).toBe("saved");
  });

  it("asks nobody where both say the same", async () => {
    server.down = true;
    const key = addFinding(answer(true), null, "Answer");
    await autosave.flush();
    server.down = false;
    await server.create(answer(true), "the other window");
    await autosave.flush();
    expect(useSaveStatus.getState()).toMatchObject({ state: "saved", conflict: null });
    expect([findingRow(key)?.id, held()]).toEqual(["f1", [[true, 1]]]);
  });

  it("takes the other answer where this one was undone before the server had it", async () => {
    await server.create(answer(true), "the other window");
    server.down = true;
    const key = addFinding(answer(false), null, "Answer");
    await autosave.flush();
    changeFindings([{ key, deleted: true }], { label: "Undo" });
    server.down = false;
    await autosave.flush();
    expect(held()).toEqual([[true, 1]]);
    expect(findingRow(key)).toMatchObject({ id: "f1", deleted: false, content: { present: true } });
  });

  it("asks again after the page was closed in the middle of the question", async () => {
    await answeredTwice();
    stopListening();
    autosave.stop();
    forgetFindings();
    mergeFromServer([...server.findings.values()]);
    openWindow();
    await autosave.recover();
    const [offer] = useSaveStatus.getState().offers;
    await autosave.apply(offer?.draft.id ?? "");
    expect(held()).toEqual([[true, 1]]);
    expect(useSaveStatus.getState().state).toBe("conflict");
  });
});
