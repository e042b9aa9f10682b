import { Tooltip } from "@mantine/core";
import { chooseLabel } from "../../actions/finding-actions";
import { shownKey } from "../../actions/keys";
import { answerRestAbsent, imageLabels, shownAnswer, toggleImageLabel } from "../../actions/label-actions";
import { useFindings } from "../../state/reading-findings";
import { mayAdd, mayReview } from "../../state/reading-may";
import { useReading } from "../../state/reading-session";
import { useReadingUi } from "../../state/reading-ui";
import classes from "./panel.module.css";

const answerWords = { present: "present", absent: "absent", unknown: "not said" } as const;
const answerMarks = { present: "+", absent: "−", unknown: "" } as const;

/** What is said of the whole image: one chip per label, three answers. */
export function ImageLabels() {
  useFindings((state) => state.rows);
  useReadingUi((state) => state.correcting);
  const workitem = useReading((state) => state.workitem);
  const labels = imageLabels();
  if (!workitem || labels.length === 0) {
    return null;
  }
  const editable = mayAdd() || mayReview();
  const missing = labels.filter((label) => shownAnswer(label.key) === "unknown").length;
  return (
    <section aria-label="Image labels">
      <div className={classes.heading}>
        Image labels{" "}
        <span data-testid="answered-count" data-missing={missing}>
          {labels.length - missing} of {labels.length} answered
        </span>
        {missing > 0 && mayAdd() ? (
          <Tooltip label={`All that is not answered: absent (${shownKey("Alt+0")})`}>
            <button
              type="button"
              className={classes.chip}
              data-testid="answer-rest-absent"
              onClick={answerRestAbsent}
            >
              <span aria-hidden>−</span> All negative <span className={classes.key}>Alt 0</span>
            </button>
          </Tooltip>
        ) : (
          <span className={classes.key}>Alt 1–9</span>
        )}
      </div>
      <div className={classes.chips}>
        {labels.map((label, index) => {
          const answer = shownAnswer(label.key);
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
  if (labels.length === 0 || !mayAdd()) {
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
