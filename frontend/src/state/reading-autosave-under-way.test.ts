import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "../api/errors";
import { emptyContent } from "../geometry/content";
import type { Autosave } from "./reading-autosave";
import { MemoryDraftStore } from "./reading-drafts";
import { addFinding, changeContent, changeFindings, undo } from "./reading-edits";
import { findingRow, forgetFindings, mergeFromServer } from "./reading-findings";
import { useSaveStatus } from "./reading-save-status";
import { SmallServer } from "./reading-small-server";
import { openSmallWindow } from "./reading-small-window";

let server: SmallServer;
let drafts: MemoryDraftStore;
let autosave: Autosave;
let stopListening: () => void;
let key: string;

const undone = () => undo(() => true)?.outcome;
const held = () => [...server.findings.values()].map((one) => (one.deleted ? null : one.head.content.name));
const drafted = () => [...drafts.drafts.values()].map((draft) => draft.content.name);
const state = () => useSaveStatus.getState().state;
const news = () => [...server.findings.values()].map((one) => structuredClone(one));
const rename = (name: string) => changeContent(key, { name }, { label: "Rename" });

function openWindow(): void {
  ({ autosave, stopListening } = openSmallWindow(server, drafts));
}

function closeWindow(): void {
  stopListening();
  autosave.stop();
  forgetFindings();
}

beforeEach(async () => {
  forgetFindings();
  server = new SmallServer();
  drafts = new MemoryDraftStore();
  openWindow();
  key = addFinding({ ...emptyContent("length", "nodule"), name: "first" }, null, "Length");
  await autosave.flush();
});

afterEach(closeWindow);

describe("a change that is undone while it is under way to the server", () => {
  it("is not called saved, and its draft stays, before the server holds what stands on the page", async () => {
    rename("second");
    const sending = autosave.flush();
    undone();
    expect(state()).not.toBe("saved");
    expect(autosave.dirty).toBe(true);
    expect(drafted()).toEqual(["first"]);
    await sending;
    expect([held(), state(), drafted()]).toEqual([["first"], "saved", []]);
  });

  it("does not come back with news from the server", async () => {
    rename("second");
    const sending = autosave.flush();
    undone();
    mergeFromServer(news(), (one) => autosave.isUnsettled(one));
    expect(findingRow(key)?.content.name).toBe("first");
    await sending;
    expect(held()).toEqual(["first"]);
  });

  it("leaves nothing aside when the server refuses it", async () => {
    server.revise = async () => {
      throw new ApiError({ status: 409, code: "no", message: "This study was handed in." });
    };
    rename("second");
    const sending = autosave.flush();
    undone();
    await sending;
    expect([held(), state(), drafted()]).toEqual([["first"], "saved", []]);
    expect(findingRow(key)?.content.name).toBe("first");
  });
});

describe("a change whose answer was lost", () => {
  beforeEach(() => {
    server.mute = true;
  });

  it("goes back on the server too when it is undone", async () => {
    rename("second");
    await autosave.flush();
    undone();
    expect(state()).toBe("offline");
    server.mute = false;
    await autosave.flush();
    expect([held(), state(), drafted()]).toEqual([["first"], "saved", []]);
  });

  it("is no conflict with what the same hand did since", async () => {
    rename("second");
    await autosave.flush();
    rename("third");
    server.mute = false;
    await autosave.flush();
    expect([held(), state()]).toEqual([["third"], "saved"]);
  });

  it("brings a finding back whose deletion was undone", async () => {
    changeFindings([{ key, deleted: true }], { label: "Delete" });
    await autosave.flush();
    expect(held()).toEqual([null]);
    undone();
    server.mute = false;
    await autosave.flush();
    expect([held(), state()]).toEqual([["first"], "saved"]);
  });

  it("is not offered to the next visit, which sees it stored", async () => {
    rename("second");
    await autosave.flush();
    expect(drafted()).toEqual(["second"]);
    server.mute = false;
    closeWindow();
    mergeFromServer(news());
    openWindow();
    await autosave.recover();
    expect([useSaveStatus.getState().offers, state(), drafted()]).toEqual([[], "saved", []]);
  });
});

describe("a change that is undone before it is sent", () => {
  it("is not called saved before its draft is gone, and nothing of it is sent", async () => {
    let removed = () => {};
    const drop = drafts.drop.bind(drafts);
    drafts.drop = async (id) => {
      await new Promise<void>((resolve) => {
        removed = resolve;
      });
      await drop(id);
    };
    rename("second");
    undone();
    expect(state()).not.toBe("saved");
    const flushing = autosave.flush();
    await Promise.resolve();
    expect(state()).not.toBe("saved");
    removed();
    await flushing;
    expect([held(), state(), drafted()]).toEqual([["first"], "saved", []]);
    expect([...server.findings.values()].map((one) => one.head.number)).toEqual([1]);
  });

  it("stays with its draft where it is changed again while the draft of before is removed", async () => {
    rename("second");
    undone();
    const drop = drafts.drop.bind(drafts);
    drafts.drop = async (id) => {
      drafts.drop = drop;
      rename("third");
      await drop(id);
    };
    await autosave.flush();
    expect([held(), state(), drafted()]).toEqual([["third"], "saved", []]);
  });
});
