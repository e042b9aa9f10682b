import { Alert, Button } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { performById } from "../../actions/action-table";
import { undecided, waitingForDecision } from "../../actions/review-actions";
import { type FindingRow, useFindings } from "../../state/reading-findings";
import { isSignedOff, mayReview } from "../../state/reading-may";
import { shownKeys, useReading } from "../../state/reading-session";
import { useReadingUi } from "../../state/reading-ui";
import { labelMeaning, unlabelledColor } from "../../viewer/findings-on-frame";
import { FindingDetail } from "./finding-detail";
import { FindingLine } from "./finding-row";
import { DrawAs, ImageLabels } from "./image-labels";
import { OffersNote } from "./offers-note";
import { agreement, modelOpinion, nothingProposed } from "./opinions";
import classes from "./panel.module.css";

function useShownRows(): FindingRow[] {
  const rows = useFindings((state) => state.rows);
  useFindings((state) => state.order);
  useReadingUi((state) => state.correcting);
  return shownKeys().flatMap((key) => {
    const row = rows[key];
    return row && !row.correctionOf ? [row] : [];
  });
}

function StateNote() {
  const { workitem, mode, me } = useReading();
  if (!workitem) {
    return null;
  }
  if (isSignedOff(workitem)) {
    return (
      <div className={classes.locked} data-tone="good" data-testid="locked-note">
        <IconLock size={16} aria-hidden />
        <span style={{ flex: 1 }}>
          Signed off as {workitem.state}
          {workitem.reviewer ? ` by ${workitem.reviewer.display_name}` : ""}. Nothing can be changed.
        </span>
        {workitem.may.reopen ? (
          <Button
            size="compact-xs"
            variant="default"
            data-testid="case-reopen"
            onClick={() => performById("case.reopen")}
          >
            Reopen…
          </Button>
        ) : null}
      </div>
    );
  }
  if (workitem.state === "rejected") {
    return (
      <div className={classes.locked} data-tone="bad" data-testid="rejected-note">
        <span>
          Sent back{workitem.reviewer ? ` by ${workitem.reviewer.display_name}` : ""}
          {workitem.remark ? `: “${workitem.remark}”` : ""}. See the comments, correct it and submit again.
        </span>
      </div>
    );
  }
  if (workitem.state === "submitted" && mode === "read") {
    return (
      <div className={classes.locked} data-testid="submitted-note">
        <IconLock size={16} aria-hidden />
        <span style={{ flex: 1 }}>Submitted, waiting for review.</span>
        {workitem.reader?.id === me?.id ? (
          <Button size="compact-xs" variant="default" onClick={() => performById("case.withdraw")}>
            Take back
          </Button>
        ) : null}
      </div>
    );
  }
  if (workitem.state === "claimed" && mode === "read" && workitem.reader && workitem.reader.id !== me?.id) {
    return (
      <div className={classes.locked} data-testid="taken-note">
        <IconLock size={16} aria-hidden />
        <span>{workitem.reader.display_name} is reading this case. You can look, not change.</span>
      </div>
    );
  }
  if (mode === "review" && !mayReview()) {
    return (
      <Alert color="yellow" p="xs" mb="xs" data-testid="review-not-possible">
        {workitem.reader?.id === me?.id
          ? "Nobody reviews their own work. Another reviewer has to decide this case."
          : "This case cannot be reviewed now."}
      </Alert>
    );
  }
  return null;
}

function ReaderList({ rows }: { rows: FindingRow[] }) {
  const workitem = useReading((state) => state.workitem);
  const own = rows.filter(
    (row) => !row.byModel && (row.kind !== "image_label" || row.content.present !== null),
  );
  const model = rows.filter((row) => row.byModel);
  return (
    <>
      <div className={classes.heading}>
        Findings <span>{own.length}</span>
      </div>
      <div className={classes.rows} data-testid="own-findings">
        {own.map((row) => (
          <FindingLine key={row.key} row={row} />
        ))}
        {own.length === 0 ? (
          <div className={classes.none}>Nothing marked yet. L measures, B paints, F outlines.</div>
        ) : null}
      </div>
      <div className={classes.heading}>
        Model findings <span>{model.length || ""}</span>
      </div>
      <div className={classes.rows} data-testid="model-findings">
        {model.map((row) => (
          <FindingLine key={row.key} row={row} />
        ))}
        {model.length === 0 ? <div className={classes.none}>{workitem?.ai.sentence}</div> : null}
      </div>
    </>
  );
}

/** Reader and model next to each other, label by label. */
function ReviewList({ rows }: { rows: FindingRow[] }) {
  const workitem = useReading((state) => state.workitem);
  const predictions = useReading((state) => state.predictions);
  const waiting = waitingForDecision().length;
  const open = undecided().length;
  const keys = [...new Set(rows.map((row) => row.content.label_key))];
  return (
    <>
      <div className={classes.heading}>
        Findings{" "}
        <span data-testid="undecided-count" data-waiting={waiting} data-open={open}>
          {waiting > 0 ? `${waiting} to decide` : open > 0 ? `${open} left to your choice` : "all decided"}
        </span>
      </div>
      <div className={classes.sideBySide}>
        <div className={classes.sideHead}>
          Reader{workitem?.reader ? `: ${workitem.reader.display_name}` : ""}
        </div>
        <div className={classes.sideHead}>Model</div>
        {keys.map((labelKey) => {
          const here = rows.filter((row) => row.content.label_key === labelKey);
          const own = here.filter((row) => !row.byModel);
          const model = here.filter((row) => row.byModel);
          const opinion = modelOpinion(predictions, labelKey);
          const agree = agreement(own, model, opinion);
          const color = workitem?.labels.find((label) => label.key === labelKey)?.color ?? unlabelledColor;
          return (
            <div key={labelKey ?? ""} style={{ display: "contents" }}>
              <div className={classes.sideLabel}>
                <span className={classes.dot} style={{ background: color }} />
                {labelKey ? labelMeaning(labelKey) : "Unlabelled"}
                {agree === null ? null : (
                  <span className={classes.agreement} data-agree={agree} data-testid="agreement">
                    {agree ? "reader and model agree" : "reader and model disagree"}
                  </span>
                )}
              </div>
              {[own, model].map((list, side) => (
                <div key={side === 0 ? "own" : "model"} className={classes.cell}>
                  {list.map((row) => (
                    <FindingLine key={row.key} row={row} slim />
                  ))}
                  {list.length === 0 ? (
                    <div className={classes.none}>
                      {side === 0 ? "Said nothing" : (nothingProposed(opinion) ?? workitem?.ai.sentence)}
                    </div>
                  ) : null}
                </div>
              ))}
            </div>
          );
        })}
        {rows.length === 0 ? <div className={classes.none}>No findings. {workitem?.ai.sentence}</div> : null}
      </div>
    </>
  );
}

/** The list of findings with the selected one's detail. */
export function FindingsPanel() {
  const mode = useReading((state) => state.mode);
  const workitem = useReading((state) => state.workitem);
  const rows = useShownRows();
  return (
    <>
      <OffersNote />
      <StateNote />
      {workitem?.instructions && mode === "read" ? (
        <details className={classes.small}>
          <summary>Instructions</summary>
          {workitem.instructions}
        </details>
      ) : null}
      <ImageLabels />
      <DrawAs />
      {mode === "review" ? <ReviewList rows={rows} /> : <ReaderList rows={rows} />}
      <FindingDetail />
    </>
  );
}
