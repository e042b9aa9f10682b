import { Autosave } from "./reading-autosave";
import type { MemoryDraftStore } from "./reading-drafts";
import { addFinding, adoptDraft, onFindingChanged, reword, takeBack } from "./reading-edits";
import { findingRow, patchRow } from "./reading-findings";
import type { SmallServer } from "./reading-small-server";

/** For tests: a window that saves one person's case; nothing is sent before a test says so. */
export function openSmallWindow(server: SmallServer, drafts: MemoryDraftStore) {
  const autosave = new Autosave({
    port: server,
    rows: {
      get: findingRow,
      patch: patchRow,
      add: (content) => addFinding(content, null, "Keep both"),
      adopt: (draft) => adoptDraft({ ...draft, author: null }),
      takeBack,
      reword,
    },
    drafts,
    owner: "u1",
    workitemId: "w1",
    settleMs: 60_000,
    retryMs: 60_000,
  });
  return { autosave, stopListening: onFindingChanged((key) => autosave.touch(key)) };
}
