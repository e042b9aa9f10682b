import { type RefObject, useEffect, useRef } from "react";
import { undecided, waitingForDecision } from "../../actions/review-actions";
import { useFindings } from "../../state/reading-findings";
import type { FindingRow } from "../../state/reading-rows";
import { shownKeys, useReading } from "../../state/reading-session";
import { useReadingUi } from "../../state/reading-ui";
import { labelMeaning, unlabelledColor } from "../../viewer/findings-on-frame";
import { Disagreements } from "./disagreements";
import { FindingDetail } from "./finding-detail";
import { FindingLine } from "./finding-row";
import { DrawAs, ImageLabels } from "./image-labels";
import { OffersNote } from "./offers-note";
import { agreementWords, modelSays } from "./opinions";
import classes from "./panel.module.css";
import { StateNote } from "./state-note";

function useShownRows(): FindingRow[] {
  const rows = useFindings((state) => state.rows);
  useFindings((state) => state.order);
  useReadingUi((state) => state.correcting);
  return shownKeys().flatMap((key) => {
    const row = rows[key];
    return row && !row.correctionOf ? [row] : [];
  });
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
  const agreement = useReading((state) => state.agreement);
  const waiting = waitingForDecision().length;
  const open = undecided().length;
  const keys = [...new Set(rows.map((row) => row.content.label_key))];
  return (
    <>
      <Disagreements />
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
          const compared = agreement.find((row) => row.label_key === labelKey);
          const color = workitem?.labels.find((label) => label.key === labelKey)?.color ?? unlabelledColor;
          return (
            <div key={labelKey ?? ""} style={{ display: "contents" }}>
              <div className={classes.sideLabel}>
                <span className={classes.dot} style={{ background: color }} />
                {labelKey ? labelMeaning(labelKey) : "Unlabelled"}
                {compared?.words && !(compared.disagrees && compared.waiting.length > 0) ? (
                  <span className={classes.agreement} data-testid="agreement">
                    {agreementWords(compared)}
                  </span>
                ) : null}
              </div>
              {[own, model].map((list, side) => (
                <div key={side === 0 ? "own" : "model"} className={classes.cell}>
                  {list.map((row) => (
                    <FindingLine key={row.key} row={row} slim />
                  ))}
                  {list.length === 0 ? (
                    <div className={classes.none}>
                      {side === 0
                        ? "Said nothing"
                        : modelSays(predictions, labelKey, workitem?.ai.sentence ?? "")}
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

/** Keep the selected line in sight, also when its form grows and takes room from the list. */
function useSelectedInSight(): RefObject<HTMLDivElement | null> {
  const list = useRef<HTMLDivElement>(null);
  const selected = useReadingUi((state) => state.selected);
  useEffect(() => {
    const { current } = list;
    if (!current || selected === null) {
      return undefined;
    }
    const show = () => current.querySelector('[data-selected="true"]')?.scrollIntoView({ block: "nearest" });
    const observer = new ResizeObserver(show);
    observer.observe(current);
    return () => observer.disconnect();
  }, [selected]);
  return list;
}

/** The list of findings with the selected one's detail. */
export function FindingsPanel() {
  const mode = useReading((state) => state.mode);
  const workitem = useReading((state) => state.workitem);
  const rows = useShownRows();
  const list = useSelectedInSight();
  return (
    <>
      <div className={classes.list} ref={list}>
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
      </div>
      <FindingDetail />
    </>
  );
}
