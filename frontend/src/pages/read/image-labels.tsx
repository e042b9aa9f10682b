import { Tooltip } from "@mantine/core";
import { chooseLabel } from "../../actions/finding-actions";
import { answerOf, imageLabelRow, imageLabels, toggleImageLabel } from "../../actions/label-actions";
import { useFindings } from "../../state/reading-findings";
import { canEdit, useReading } from "../../state/reading-session";
import { useReadingUi } from "../../state/reading-ui";
import classes from "./panel.module.css";

const answerWords = { present: "present", absent: "absent", unknown: "not said" } as const;
const answerMarks = { present: "+", absent: "−", unknown: "" } as const;

/** What is said of the whole image: one chip per label, three answers. */
export function ImageLabels() {
  const rows = useFindings((state) => state.rows);
  const workitem = useReading((state) => state.workitem);
  const mode = useReading((state) => state.mode);
  const labels = imageLabels();
  if (!workitem || labels.length === 0 || mode === "review") {
    return null;
  }
  const editable = canEdit();
  return (
    <section aria-label="Image labels">
      <div className={classes.heading}>
        Image labels <span className={classes.key}>Alt 1–9</span>
      </div>
      <div className={classes.chips}>
        {labels.map((label, index) => {
          const answer = answerOf(imageLabelRow(label.key, rows));
          return (
            <Tooltip
              key={label.key}
              label={`${label.code_meaning}: ${answerWords[answer]} (${label.code_value}, ${label.coding_scheme_designator})`}
            >
              <button
                type="button"
                className={classes.chip}
                data-testid={`image-label-${label.key}`}
                data-answer={answer}
                aria-label={`${label.code_meaning}: ${answerWords[answer]}`}
                disabled={!editable}
                onClick={() => toggleImageLabel(label.key)}
              >
                <span aria-hidden>{answerMarks[answer]}</span>
                {label.code_meaning}
                {index < 9 ? <span className={classes.key}>{index + 1}</span> : null}
              </button>
            </Tooltip>
          );
        })}
      </div>
    </section>
  );
}

/** Which label the next drawing gets. */
export function DrawAs() {
  const workitem = useReading((state) => state.workitem);
  const labelKey = useReadingUi((state) => state.labelKey);
  const labels =
    workitem?.labels.filter((label) => !label.retired_at && label.uses.some((use) => use !== "image")) ?? [];
  if (labels.length === 0 || !canEdit()) {
    return null;
  }
  return (
    <section aria-label="Draw as">
      <div className={classes.heading}>
        Draw as <span className={classes.key}>Shift 1–9</span>
      </div>
      <div className={classes.chips}>
        {labels.map((label, index) => (
          <button
            key={label.key}
            type="button"
            className={classes.chip}
            data-chosen={label.key === labelKey}
            data-testid={`draw-label-${label.key}`}
            aria-pressed={label.key === labelKey}
            onClick={() => chooseLabel(label.key)}
          >
            <span className={classes.dot} style={{ background: label.color }} />
            {label.code_meaning}
            {index < 9 ? <span className={classes.key}>{index + 1}</span> : null}
          </button>
        ))}
      </div>
    </section>
  );
}
