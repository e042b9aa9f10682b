import { drawnLabels, withoutLabel } from "../state/active-label";
import { changeContent, changeFindings, redo, type Stepped, undo } from "../state/reading-edits";
import { findingRow, useFindings } from "../state/reading-findings";
import { isEditable, mayAdd, mayChange } from "../state/reading-may";
import type { FindingRow } from "../state/reading-rows";
import { session, shownKeys } from "../state/reading-session";
import { readingUi, say, setReadingUi, toggleHidden } from "../state/reading-ui";
import { showFinding } from "../viewer/jump";
import { kindOf } from "../viewer/shape-kinds";
import type { Action } from "./action";

const selected = (): FindingRow | undefined => findingRow(readingUi().selected);
/** Whether a length may calibrate its image: one without a place in the patient, in a case that may be changed. */
export const isCalibrating = (row: FindingRow | undefined): boolean =>
  row?.kind === "length" && !row.deleted && row.content.geometry?.space === "image" && mayAdd();
const selectedEditable = () => isEditable(selected());

/** Select the next or the previous finding; after the last comes the first again. */
export function stepFinding(step: 1 | -1): void {
  const keys = shownKeys();
  const at = keys.indexOf(readingUi().selected ?? "");
  const next = at < 0 ? keys.at(step === 1 ? 0 : -1) : keys[(at + step + keys.length) % keys.length];
  if (next) {
    void showFinding(next);
  }
}

export function deleteFinding(key: string): void {
  const row = findingRow(key);
  if (isEditable(row) && !row.correctionOf) {
    changeFindings([{ key, deleted: true }], { label: "Delete" });
    setReadingUi({ selected: null });
    say("Finding deleted. Ctrl Z brings it back.");
  }
}

export function setLocked(key: string, locked: boolean): void {
  changeContent(key, { locked }, { label: locked ? "Lock" : "Unlock" });
}

/** The label of what is drawn next, and of the selected finding while nothing is being drawn. */
export function chooseLabel(labelKey: string): void {
  const row = selected();
  const { tool, correcting } = readingUi();
  if (correcting) {
    say("What you correct keeps its label here. Change it in the form of the correction.");
    return;
  }
  setReadingUi({ labelKey });
  // With a drawing tool in hand the choice is for the next drawing, not for the last one.
  const choosing = tool === "select" || tool === "window";
  if (!choosing || !isEditable(row) || row.kind === "image_label") {
    return;
  }
  const key = labelKey === withoutLabel ? null : labelKey;
  const label = drawnLabels().find((one) => one.key === labelKey);
  const { use, word } = kindOf(row.kind);
  if (label ? !label.uses.includes(use) : use === "segment") {
    say(`The selected ${word.toLowerCase()} keeps its label: this one is not meant for it.`);
  } else if (row.content.label_key !== key) {
    changeContent(row.key, { label_key: key }, { label: "Label" });
  }
}

function tell(step: Stepped | null, done: string): void {
  if (step?.outcome === "done") {
    say(`${done}: ${step.label}`);
  } else if (step?.outcome === "overtaken") {
    say(`“${step.label}” was changed elsewhere since, so it is left as it is.`);
  } else if (step) {
    say(`“${step.label}” can no longer be changed here.`);
  }
}

const labelChoices: Action[] = Array.from({ length: 9 }, (_, index) => ({
  id: `finding.label.${index + 1}`,
  group: "Findings" as const,
  label: () => `Draw as: ${drawnLabels()[index]?.code_meaning ?? "—"}`,
  keys: [`Shift+${index + 1}`],
  when: () => drawnLabels()[index] !== undefined,
  run: () => {
    const label = drawnLabels()[index];
    if (label) {
      chooseLabel(label.key);
    }
  },
  undoable: true,
}));

export const findingActions: Action[] = [
  {
    id: "undo",
    group: "Findings",
    label: "Undo",
    keys: ["Ctrl+Z"],
    when: () => useFindings.getState().past.length > 0,
    run: () => tell(undo(mayChange), "Undone"),
    undoable: false,
    repeats: true,
  },
  {
    id: "redo",
    group: "Findings",
    label: "Redo",
    keys: ["Ctrl+Shift+Z", "Ctrl+Y"],
    when: () => useFindings.getState().future.length > 0,
    run: () => tell(redo(mayChange), "Done again"),
    undoable: false,
    repeats: true,
  },
  {
    id: "finding.next",
    group: "Findings",
    label: "Next finding",
    keys: ["J"],
    when: () => shownKeys().length > 0,
    run: () => stepFinding(1),
    undoable: false,
    repeats: true,
  },
  {
    id: "finding.previous",
    group: "Findings",
    label: "Previous finding",
    keys: ["K"],
    when: () => shownKeys().length > 0,
    run: () => stepFinding(-1),
    undoable: false,
    repeats: true,
  },
  {
    id: "finding.delete",
    group: "Findings",
    label: "Delete the selected finding",
    keys: ["Delete", "Backspace"],
    when: selectedEditable,
    run: () => deleteFinding(readingUi().selected ?? ""),
    undoable: true,
  },
  {
    id: "finding.rename",
    group: "Findings",
    label: "Rename the selected finding",
    keys: ["F2"],
    when: selectedEditable,
    run: () => setReadingUi({ renaming: readingUi().selected, tab: "findings" }),
    undoable: true,
  },
  {
    id: "finding.lock",
    group: "Findings",
    label: "Lock or unlock the selected finding",
    keys: ["Shift+L"],
    when: () => {
      const row = selected();
      return row !== undefined && isEditable({ ...row, content: { ...row.content, locked: false } });
    },
    run: () => {
      const row = selected();
      if (row) {
        setLocked(row.key, !row.content.locked);
      }
    },
    undoable: true,
  },
  {
    id: "finding.hide",
    group: "Findings",
    label: "Hide or show the selected finding",
    keys: ["Shift+U"],
    when: () => selected() !== undefined,
    run: () => toggleHidden(readingUi().selected ?? ""),
    undoable: false,
  },
  {
    id: "findings.hide-all",
    group: "Findings",
    label: "Hide or show all findings",
    keys: ["U"],
    run: () => setReadingUi({ allHidden: !readingUi().allHidden }),
    undoable: false,
  },
  {
    id: "finding.calibrate",
    group: "Findings",
    label: "Calibrate the image by the selected length",
    keys: ["Shift+K"],
    when: () => isCalibrating(selected()),
    run: () => setReadingUi({ dialog: "calibrate" }),
    undoable: false,
  },
  {
    id: "finding.history",
    group: "Findings",
    label: "History of the selected finding",
    keys: ["Shift+Y"],
    when: () => selected()?.id !== null && selected() !== undefined,
    run: () => setReadingUi({ tab: "history" }),
    undoable: false,
  },
  {
    id: "save.now",
    group: "Findings",
    label: "Save now",
    keys: ["Ctrl+S"],
    run: async () => {
      session.retrySaving();
      await session.flush();
    },
    undoable: false,
  },
  ...labelChoices,
];
