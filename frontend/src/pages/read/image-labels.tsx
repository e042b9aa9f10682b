import { Tooltip, VisuallyHidden } from "@mantine/core";
import { performById } from "../../actions/action-table";
import { chooseLabel } from "../../actions/finding-actions";
import { shownKey } from "../../actions/keys";
import {
  imageLabels,
  isAnswerRejected,
  isDrawnThoughAbsent,
  shownAnswer,
  toggleImageLabel,
} from "../../actions/label-actions";
import { areaLabel, drawnLabels, measureLabel, paintedLabel, withoutLabel } from "../../state/active-label";
import { useFindings } from "../../state/reading-findings";
import { mayAdd, mayReview } from "../../state/reading-may";
import { useReading } from "../../state/reading-session";
import { useReadingUi } from "../../state/reading-ui";
import { may, useMe } from "../../state/session";
import { TextLink } from "../../ui/links";
import { unlabelledColor } from "../../viewer/findings-on-frame";
import { shapeOfTool } from "../../viewer/shape-kinds";
import classes from "./panel.module.css";

const answerWords = { present: "present", absent: "absent", unknown: "not said" } as const;
const answerMarks = { present: "+", absent: "−", unknown: "" } as const;

/** What is said of the whole image: one chip per label, three answers. */
export function ImageLabels() {
  useFindings((state) => state.rows);
  useReadingUi((state) => state.correcting);
  const workitem = useReading((state) => state.workitem);
  const mode = useReading((state) => state.mode);
  const labels = imageLabels();
  const me = useMe();
  if (!workitem) {
    return null;
  }
  if (workitem.labels.length === 0) {
    return (
      <div className={classes.none} data-testid="no-labels">
        This project has no labels yet, so it asks nothing of its readers.{" "}
        {may(me, "project.change", workitem.project) ? (
          <TextLink to="/admin/projects/$slug" params={{ slug: workitem.project }} inherit>
            Add its labels
          </TextLink>
        ) : (
          "An admin of the project adds them."
        )}
      </div>
    );
  }
  if (labels.length === 0) {
    return null;
  }
  const editable = mayAdd() || mayReview();
  // Which answers the project asks for is the server's to say; what was said this second stands on this page.
  const { required } = workitem.answers;
  const missing = required.filter((key) => shownAnswer(key) === "unknown").length;
  const drawnThough =
    mode === "read" && editable ? labels.filter((label) => isDrawnThoughAbsent(label.key)) : [];
  return (
    <section aria-label="Image labels">
      <div className={classes.heading}>
        Image labels{" "}
        {required.length > 0 ? (
          <span data-testid="answered-count" data-missing={missing}>
            {required.length - missing} of {required.length} answered
          </span>
        ) : null}
        <span className={classes.key}>Alt 1–9</span>
      </div>
      <div className={classes.chips}>
        {labels.map((label, index) => {
          const answer = shownAnswer(label.key);
          const rejected = isAnswerRejected(label.key);
          const words = rejected ? `${answerWords[answer]}, rejected` : answerWords[answer];
          return (
            <Tooltip
              key={label.key}
              label={`${label.code_meaning}: ${words} (${label.code_value}, ${label.coding_scheme_designator})`}
            >
              <button
                type="button"
                className={classes.chip}
                data-testid={`image-label-${label.key}`}
                data-answer={answer}
                data-rejected={rejected}
                disabled={!editable}
                onClick={() => toggleImageLabel(label.key)}
              >
                <span aria-hidden>{answerMarks[answer]}</span>
                {label.code_meaning}
                <VisuallyHidden>: {words}</VisuallyHidden>
                {index < 9 ? (
                  <span className={classes.key} aria-hidden>
                    {index + 1}
                  </span>
                ) : null}
              </button>
            </Tooltip>
          );
        })}
        {missing > 0 && mode === "read" && mayAdd() ? (
          <Tooltip label={`All that the project asks for and is not answered: absent (${shownKey("Alt+0")})`}>
            <button
              type="button"
              className={classes.chip}
              data-testid="answer-rest-absent"
              onClick={() => performById("image-label.all-absent")}
            >
              <span aria-hidden>−</span> {required.length < labels.length ? "Asked for" : "All"}: absent{" "}
              <span className={classes.key}>Alt 0</span>
            </button>
          </Tooltip>
        ) : null}
      </div>
      {drawnThough.length > 0 ? (
        <div className={classes.against} role="status" data-testid="drawn-though-absent">
          Drawn, but answered absent: {drawnThough.map((label) => label.code_meaning).join(", ")}. Only one of
          the two can be right.
        </div>
      ) : null}
    </section>
  );
}

/** Which label the next drawing with the tool in hand gets. */
export function DrawAs() {
  useReading((state) => state.workitem);
  const labelKey = useReadingUi((state) => state.labelKey);
  const tool = useReadingUi((state) => state.tool);
  const labels = drawnLabels();
  if (labels.length === 0 || !mayAdd()) {
    return null;
  }
  const shape = shapeOfTool(tool);
  const paints = tool === "brush" || tool === "eraser";
  const choice = paints ? paintedLabel() : shape && !shape.area ? measureLabel() : areaLabel();
  const next = "problem" in choice ? labelKey : choice.key;
  const chips = [
    ...labels.map((label, index) => ({
      key: label.key,
      word: label.code_meaning,
      color: label.color,
      hint: index < 9 ? String(index + 1) : "",
    })),
    { key: withoutLabel, word: "No label", color: unlabelledColor, hint: "" },
  ];
  return (
    <section aria-label="Draw as">
      <div className={classes.heading}>
        Draw as <span className={classes.key}>Shift 1–9</span>
      </div>
      <div className={classes.chips}>
        {chips.map(({ key, word, color, hint }) => {
          const chosen = key === (next ?? withoutLabel);
          return (
            <button
              key={key}
              type="button"
              className={classes.chip}
              data-chosen={chosen}
              data-testid={key === withoutLabel ? "draw-without-label" : `draw-label-${key}`}
              aria-pressed={chosen}
              onClick={() => chooseLabel(key)}
            >
              <span className={classes.dot} style={{ background: color }} />
              {word}
              {hint ? <span className={classes.key}>{hint}</span> : null}
            </button>
          );
        })}
      </div>
      {"problem" in choice ? (
        <div className={classes.none} data-testid="draw-as-problem">
          {choice.problem}
        </div>
      ) : null}
    </section>
  );
}
