import { asApiError } from "../api/errors";
import { nextWorkitem } from "../api/workitems";
import { useFindings } from "../state/reading-findings";
import { mayReview } from "../state/reading-may";
import { reading, session } from "../state/reading-session";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { showFinding } from "../viewer/jump";
import { deskOf } from "../viewer/pointer-desk";
import type { Action } from "./action";
import { actionPorts } from "./ports";
import { decisionOf, saveCorrection, waitingForDecision } from "./review-actions";

const workitem = () => reading().workitem;

export const maySubmit = () => {
  const { workitem: item, mode } = reading();
  return mode === "read" && item !== null && (item.may.submit === true || item.may.claim === true);
};

export async function submitCase(): Promise<void> {
  await session.submit();
  say("Submitted for review. N opens the next case.");
  await goOn();
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

/** "correct" when a finding was corrected or rejected here, else "accept". */
export function signOffEvent(): "accept" | "correct" {
  const changed = Object.values(useFindings.getState().rows).some((row) => {
    const decision = decisionOf(row)?.decision;
    return decision === "corrected" || (decision === "rejected" && !row.byModel);
  });
  return changed ? "correct" : "accept";
}

export async function decideCase(event: "accept" | "correct" | "reject", remark: string): Promise<void> {
  await session.workitemEvent("decide", { event, remark });
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
  say("Reopened. It waits for review again.");
}

/** Sign off as accepted, or as corrected where the reading was changed; first show what still waits. */
export async function signOff(): Promise<void> {
  if (readingUi().correcting !== null) {
    // An open correction is part of what is signed: save it first, or say why it cannot be saved.
    await saveCorrection();
  }
  await session.settle("sign off");
  const [first, ...more] = waitingForDecision();
  if (first) {
    await showFinding(first.key);
    say(
      `${more.length + 1} model ${more.length === 0 ? "finding waits" : "findings wait"} for a decision: A, C or X.`,
    );
    return;
  }
  const event = signOffEvent();
  try {
    await decideCase(event, "");
  } catch (thrown) {
    if (event !== "accept" || asApiError(thrown).code !== "reading_was_corrected") {
      throw thrown;
    }
    await decideCase("correct", "");
  }
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
    run: submitCase,
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
    when: () => reading().mode === "read" && workitem()?.may.claim === true,
    run: () => session.ensureClaimed(),
    undoable: false,
  },
  {
    id: "case.release",
    group: "Case",
    label: "Give this case back",
    keys: [],
    when: () => workitem()?.may.release === true,
    run: () => session.workitemEvent("release"),
    undoable: false,
  },
  {
    id: "case.withdraw",
    group: "Case",
    label: "Take the submission back",
    keys: [],
    when: () => workitem()?.may.withdraw === true,
    run: () => session.workitemEvent("withdraw"),
    undoable: false,
  },
  {
    id: "case.reopen",
    group: "Case",
    label: "Reopen this signed-off case…",
    keys: [],
    when: () => workitem()?.may.reopen === true,
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
