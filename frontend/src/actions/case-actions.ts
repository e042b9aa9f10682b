import { asApiError } from "../api/errors";
import { nextWorkitem } from "../api/workitems";
import { may, mayReview } from "../state/reading-may";
import { reading, session } from "../state/reading-session";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { showFinding } from "../viewer/jump";
import { deskOf } from "../viewer/pointer-desk";
import type { Action } from "./action";
import { actionPorts } from "./ports";
import { readingWasChanged, saveCorrection, waitingForDecision } from "./review-actions";

const workitem = () => reading().workitem;

export const maySubmit = () => reading().mode === "read" && (may("submit") || may("claim"));

/** Hand the reading in; one in which nothing was said needs a word that this is meant. */
export async function submitCase(nothingFound = false): Promise<void> {
  try {
    await session.submit(nothingFound);
  } catch (thrown) {
    if (asApiError(thrown).code === "reading_empty" && !nothingFound) {
      setReadingUi({ dialog: "nothing-found" });
      return;
    }
    throw thrown;
  }
  setReadingUi({ dialog: null });
  say("Submitted for review. N opens the next case.");
  await goOn();
}

/** Give a case back: what was said in this reading stays in the history and counts for nobody. */
export async function releaseCase(): Promise<void> {
  await session.settle("give the case back");
  await session.workitemEvent("release");
  await session.refresh();
  say("Given back. Somebody else can read it now.");
}

/** Take a case over from whoever holds it. */
export async function takeOverCase(): Promise<void> {
  const { me } = reading();
  if (me) {
    await session.workitemEvent("assign", { reader: me.id });
    await session.refresh();
    say("You are reading this case now.");
  }
}

/** Take the submission back, and go on reading. */
export async function withdrawCase(): Promise<void> {
  await session.workitemEvent("withdraw");
  await session.refresh();
}

/** What this person wants to see when a case is done. */
async function goOn(): Promise<void> {
  const { afterSubmit } = readingUi().preferences;
  if (afterSubmit === "next") {
    await openNextCase();
  } else if (afterSubmit === "worklist") {
    actionPorts().openWorklist();
  }
}

export async function decideCase(event: "accept" | "correct" | "reject", remark: string): Promise<void> {
  await session.workitemEvent("decide", { event, remark, images: reading().imagesShown });
  setReadingUi({ dialog: null, deciding: null });
  await session.refresh();
  say(
    event === "reject"
      ? "Sent back to its reader. N opens the next case."
      : "Signed off. N opens the next case.",
  );
  await goOn();
}

/** Take a sign-off back; the reason is kept in the audit trail. */
export async function reopenCase(reason: string): Promise<void> {
  await session.workitemEvent("reopen", { reason });
  setReadingUi({ dialog: null });
  await session.refresh();
  session.chooseMode();
  say("Reopened. It waits for review again.");
}

/** Sign off as accepted, or as corrected where the reading was changed; first show what still waits. */
export async function signOff(): Promise<void> {
  if (readingUi().correcting !== null) {
    // An open correction is part of what is signed: save it first, or say why it cannot be saved.
    await saveCorrection();
  }
  await session.settle("sign off");
  // What waits, and whether the reading was changed, is the server's to say of what was just saved.
  await session.refresh();
  const [first, ...more] = waitingForDecision();
  if (first) {
    await showFinding(first.key);
    const against = reading().agreement.find((row) => first.id !== null && row.waiting.includes(first.id));
    say(
      first.decision && against?.words
        ? against.words
        : `${more.length + 1} ${more.length === 0 ? "finding waits" : "findings wait"} for a decision: A, C or X.`,
    );
    return;
  }
  await decideCase(readingWasChanged() ? "correct" : "accept", "");
}

export async function openNextCase(): Promise<void> {
  const { workitemId, mode } = reading();
  await session.flush();
  if (session.unsaved) {
    setReadingUi({ dialog: "leave" });
    return;
  }
  const next = await nextWorkitem({
    project: workitem()?.project,
    after: workitemId ?? undefined,
    mode,
  });
  if (next) {
    actionPorts().openCase(next.id, mode);
  } else {
    say("No further case waits for you.");
  }
}

const ask = (deciding: "accept" | "correct" | "reject") => setReadingUi({ dialog: "decide", deciding });

export const caseActions: Action[] = [
  {
    id: "case.submit",
    group: "Case",
    label: "Submit for review",
    keys: ["Ctrl+Enter"],
    when: maySubmit,
    run: () => submitCase(),
    undoable: false,
  },
  {
    id: "case.sign-off",
    group: "Case",
    label: "Sign the case off",
    keys: ["Ctrl+Enter"],
    when: () => mayReview(),
    run: signOff,
    undoable: false,
  },
  {
    id: "case.accept",
    group: "Case",
    label: "Sign off as accepted…",
    keys: ["Shift+A"],
    when: () => mayReview(),
    run: () => ask("accept"),
    undoable: false,
  },
  {
    id: "case.correct",
    group: "Case",
    label: "Sign off as corrected…",
    keys: ["Shift+C"],
    when: () => mayReview(),
    run: () => ask("correct"),
    undoable: false,
  },
  {
    id: "case.reject",
    group: "Case",
    label: "Send back to the reader…",
    keys: ["Shift+X"],
    when: () => mayReview(),
    run: () => ask("reject"),
    undoable: false,
  },
  {
    id: "case.claim",
    group: "Case",
    label: "Take this case",
    keys: [],
    when: () => reading().mode === "read" && may("claim"),
    run: () => session.ensureClaimed(),
    undoable: false,
  },
  {
    id: "case.release",
    group: "Case",
    label: "Give this case back",
    keys: [],
    when: () => may("release"),
    run: releaseCase,
    undoable: false,
  },
  {
    id: "case.take-over",
    group: "Case",
    label: "Take this case over",
    keys: [],
    when: () => may("assign") && workitem()?.reader?.id !== reading().me?.id,
    run: takeOverCase,
    undoable: false,
  },
  {
    id: "case.withdraw",
    group: "Case",
    label: "Take the submission back",
    keys: [],
    when: () => may("withdraw"),
    run: withdrawCase,
    undoable: false,
  },
  {
    id: "case.reopen",
    group: "Case",
    label: "Reopen this signed-off case…",
    keys: [],
    when: () => may("reopen"),
    run: () => setReadingUi({ dialog: "reopen" }),
    undoable: false,
  },
  {
    id: "case.next",
    group: "Case",
    label: "Next case",
    keys: ["N"],
    when: () => workitem() !== null,
    run: openNextCase,
    undoable: false,
  },
  {
    id: "case.worklist",
    group: "Case",
    label: "Back to the worklist",
    keys: ["Ctrl+ArrowLeft"],
    run: () => actionPorts().openWorklist(),
    undoable: false,
  },
  {
    id: "escape",
    group: "Help",
    label: "Leave what is being drawn or selected",
    keys: ["Escape"],
    run: () => {
      if (readingUi().dialog) {
        setReadingUi({ dialog: null, deciding: null });
      } else if (readingUi().typing || readingUi().renaming) {
        setReadingUi({ typing: null, renaming: null });
      } else if (!deskOf(readingUi().activePane)?.escape()) {
        setReadingUi(readingUi().selected ? { selected: null } : { tool: "window" });
      }
    },
    undoable: false,
  },
  {
    id: "help.keys",
    group: "Help",
    label: "All keys",
    keys: ["?"],
    run: () => setReadingUi({ dialog: readingUi().dialog === "cheat-sheet" ? null : "cheat-sheet" }),
    undoable: false,
  },
  {
    id: "help.palette",
    group: "Help",
    label: "Command palette",
    keys: ["Ctrl+K"],
    run: () => actionPorts().openPalette(),
    undoable: false,
  },
];
