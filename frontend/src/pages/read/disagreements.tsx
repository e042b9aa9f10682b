import { performById } from "../../actions/action-table";
import { nextDisagreement } from "../../actions/review-actions";
import { useFindings } from "../../state/reading-findings";
import { useReading } from "../../state/reading-session";
import { useReadingUi } from "../../state/reading-ui";
import { labelMeaning, unlabelledColor } from "../../viewer/findings-on-frame";
import disagreementClasses from "./disagreements.module.css";
import { agreementWords, openDisagreements, sideWords } from "./opinions";
import classes from "./panel.module.css";

/** Where reader and model do not say the same and nobody has decided yet: empty before a case is signed off. */
export function Disagreements() {
  const labels = useReading((state) => state.workitem?.labels);
  const open = openDisagreements(useReading((state) => state.agreement));
  const selected = useReadingUi((state) => state.selected);
  const rows = useFindings((state) => state.rows);
  const chosen = selected ? rows[selected]?.id : null;
  return (
    <section aria-label="Disagreements" data-testid="disagreements" data-open={open.length}>
      <div className={classes.heading}>
        Disagreements
        {open.length > 0 ? (
          <button
            type="button"
            className={classes.chip}
            data-testid="next-disagreement"
            onClick={() => performById("review.next-disagreement")}
          >
            {open.length} open <span className={classes.key}>Shift J</span>
          </button>
        ) : (
          <span>none open</span>
        )}
      </div>
      {open.map((row) => (
        <button
          key={row.label_key}
          type="button"
          className={disagreementClasses.disagreement}
          data-testid="disagreement"
          data-label={row.label_key}
          data-verdict={row.verdict}
          aria-pressed={row.waiting.some((id) => id === chosen)}
          onClick={() => nextDisagreement(row.label_key)}
        >
          <span className={disagreementClasses.disagreementLabel}>
            <span
              className={classes.dot}
              style={{
                background: labels?.find((label) => label.key === row.label_key)?.color ?? unlabelledColor,
              }}
            />
            {labelMeaning(row.label_key)}
          </span>
          <span data-side="reader">Reader: {sideWords(row.reader)}</span>
          <span data-side="model">Model: {sideWords(row.model)}</span>
          <span className={disagreementClasses.disagreementWords}>{agreementWords(row)}</span>
        </button>
      ))}
    </section>
  );
}
