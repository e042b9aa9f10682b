import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiError, errorFromSilence } from "../api/errors";
import { emptyContent, type RevisionContent } from "../geometry/content";
import { Autosave, type SavePort, useSaveStatus } from "./reading-autosave";
import { MemoryDraftStore } from "./reading-drafts";
import {
  addFinding,
  adoptDraft,
  changeContent,
  changeFindings,
  dropCorrection,
  findingRow,
  forgetFindings,
  isUnsaved,
  mergeFromServer,
  onFindingChanged,
  patchRow,
  redo,
  startCorrection,
  undo,
  useFindings,
} from "./reading-findings";
import type { FindingOut, RevisionOut } from "./reading-types";

/** A server small enough to read: revisions in memory, If-Match and client keys as the real one. */
class SmallServer implements SavePort {
  readonly findings = new Map<string, FindingOut>();
  readonly byClientKey = new Map<string, FindingOut | RevisionOut>();
  calls: string[] = [];
  down = false;
  private made = 0;

  private revision(content: RevisionContent, cause: string, number: number): RevisionOut {
    this.made += 1;
    return {
      id: `r${this.made}`,
      number,
      parent: null,
      author: null,
      created_at: "2026-01-01T00:00:00Z",
      digest: `d${this.made}`,
      cause,
      label_key: content.label_key,
      content: structuredClone(content),
      difference: {},
      ai_visible: false,
    };
  }

  private knock(call: string): void {
    if (this.down) {
      throw errorFromSilence();
    }
    this.calls.push(call);
  }

  private match(id: string, digest: string): FindingOut {
    const finding = this.findings.get(id);
    if (!finding) {
      throw new ApiError({ status: 404, code: "gone", message: "gone" });
    }
    if (finding.head.digest !== digest) {
      throw new ApiError({
        status: 412,
        code: "changed",
        message: "changed",
        detail: { head: finding.head },
      });
    }
    return finding;
  }

  async create(content: RevisionContent, clientKey: string): Promise<FindingOut> {
    this.knock("create");
    const known = this.byClientKey.get(clientKey);
    if (known && "head" in known) {
      return known;
    }
    const out: FindingOut = {
      id: `f${this.findings.size + 1}`,
      kind: content.kind,
      author: null,
      algorithm_type: "MANUAL",
      algorithm_name: "",
      algorithm_version: "",
      probability: null,
      threshold: null,
      deleted: false,
      head: this.revision(content, "edit", 1),
      reviews: [],
      prediction_id: null,
    };
    this.findings.set(out.id, out);
    this.byClientKey.set(clientKey, out);
    return structuredClone(out);
  }

  async revise(id: string, content: RevisionContent, _key: string, cause: "edit" | "merge", digest: string) {
    this.knock(cause);
    const finding = this.match(id, digest);
    finding.head = this.revision(content, cause, finding.head.number + 1);
    return structuredClone(finding.head);
  }

  async remove(id: string, digest: string) {
    this.knock("delete");
    const finding = this.match(id, digest);
    finding.deleted = true;
    finding.head = this.revision(finding.head.content, "delete", finding.head.number + 1);
    return structuredClone(finding.head);
  }

  async restore(id: string, _revision: string, digest: string) {
    this.knock("restore");
    const finding = this.match(id, digest);
    finding.deleted = false;
    finding.head = this.revision(finding.head.content, "restore", finding.head.number + 1);
    return structuredClone(finding.head);
  }
}

const length = (name = ""): RevisionContent => ({ ...emptyContent("length", "nodule"), name });

let server: SmallServer;
let drafts: MemoryDraftStore;
let autosave: Autosave;
let stopListening: () => void;

function begin(): void {
  autosave = new Autosave({
    port: server,
    rows: { get: findingRow, patch: patchRow, add: (content) => addFinding(content, null, "Keep both") },
    drafts,
    owner: "u1",
    workitemId: "w1",
    settleMs: 60_000,
    retryMs: 60_000,
  });
  stopListening = onFindingChanged((key) => autosave.touch(key));
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

  it("replays a draft after a crash without making the finding twice", async () => {
    addFinding(length("before the crash"), null, "Length");
    await Promise.resolve();
    const [draft] = await drafts.of("u1", "w1");
    if (!draft) {
      throw new Error("no draft");
    }
    await server.create(draft.content, draft.clientKey);
    autosave.stop();
    stopListening();
    forgetFindings();
    begin();
    const key = adoptDraft({ ...draft, author: null });
    autosave.resume(key, draft.clientKey);
    await autosave.flush();
    expect(server.findings.size).toBe(1);
    expect(drafts.drafts.size).toBe(0);
  });

  it("shows a finding once when its save was answered into the void and a draft is replayed", async () => {
    addFinding(length(), null, "Length");
    await Promise.resolve();
    const [draft] = await drafts.of("u1", "w1");
    if (!draft) {
      throw new Error("no draft");
    }
    await server.create(draft.content, draft.clientKey);
    autosave.stop();
    stopListening();
    forgetFindings();
    begin();
    mergeFromServer([...server.findings.values()]);
    autosave.resume(adoptDraft({ ...draft, author: null }), draft.clientKey);
    await autosave.flush();
    expect(useFindings.getState().order).toHaveLength(1);
    expect(Object.keys(useFindings.getState().rows)).toHaveLength(1);
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

  it("says what the server refused and keeps the draft", async () => {
    server.create = async () => {
      throw new ApiError({ status: 422, code: "bad", message: "The label was retired. Choose another." });
    };
    addFinding(length(), null, "Length");
    await autosave.flush();
    expect(useSaveStatus.getState()).toMatchObject({
      state: "failed",
      message: "The label was retired. Choose another.",
    });
    expect(drafts.drafts.size).toBe(1);
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
