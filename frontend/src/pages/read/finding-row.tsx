import { Badge, Tooltip } from "@mantine/core";
import { IconEye, IconEyeOff, IconLock, IconLockOpen, IconTrash } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { deleteFinding, setLocked } from "../../actions/finding-actions";
import { useChanceOf } from "../../state/reading-chance";
import { mayChange } from "../../state/reading-may";
import { type FindingRow, isUnsaved } from "../../state/reading-rows";
import { useReading } from "../../state/reading-session";
import { setReadingUi, toggleHidden, useReadingUi } from "../../state/reading-ui";
import { colorOf } from "../../viewer/findings-on-frame";
import { showFinding } from "../../viewer/jump";
import { kindOf } from "../../viewer/shape-kinds";
import classes from "./panel.module.css";
import { measuresOf, saysOf, titleOf } from "./words";

const decisionTones = {
  accepted: "var(--ov-good)",
  corrected: "var(--ov-warn)",
  rejected: "var(--ov-bad)",
} as const;

function RowTools({ row }: { row: FindingRow }) {
  const hidden = useReadingUi((state) => state.hidden.has(row.key));
  const mine = mayChange(row);
  const { locked } = row.content;
  return (
    <span className={classes.rowTools}>
      {row.kind === "image_label" ? null : (
        <button
          type="button"
          className={classes.rowTool}
          data-on={hidden}
          aria-label={hidden ? "Show" : "Hide"}
          data-testid="finding-hide"
          onClick={() => toggleHidden(row.key)}
        >
          {hidden ? <IconEyeOff size={15} /> : <IconEye size={15} />}
        </button>
      )}
      {mine ? (
        <>
          <button
            type="button"
            className={classes.rowTool}
            data-on={locked}
            aria-label={locked ? "Unlock" : "Lock"}
            data-testid="finding-lock"
            onClick={() => setLocked(row.key, !locked)}
          >
            {locked ? <IconLock size={15} /> : <IconLockOpen size={15} />}
          </button>
          <button
            type="button"
            className={classes.rowTool}
            aria-label="Delete"
            data-testid="finding-delete"
            disabled={locked}
            onClick={() => deleteFinding(row.key)}
          >
            <IconTrash size={15} />
          </button>
        </>
      ) : null}
    </span>
  );
}

/** One finding: colour, kind, name, value, and what can be done with it. */
export function FindingLine({ row, slim = false }: { row: FindingRow; slim?: boolean }) {
  const selected = useReadingUi((state) => state.selected === row.key);
  const hovered = useReadingUi((state) => state.hovered === row.key);
  const hidden = useReadingUi((state) => state.hidden.has(row.key));
  const { icon: Mark } = kindOf(row.kind);
  const decision = row.decision;
  const reader = useReading((state) => state.workitem?.reader);
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (selected) {
      line.current?.scrollIntoView({ block: "nearest" });
    }
  }, [selected]);
  const added = reader && row.author && row.author.id !== reader.id && !row.abandoned;
  // A model proposes what it takes to be there; what a reviewer turned round says so.
  const said = row.byModel && row.content.present !== false ? "" : saysOf(row).toLowerCase();
  const sub = [
    slim ? "" : said,
    added ? `added by ${row.author?.display_name}` : "",
    measuresOf(row),
    row.content.text,
    row.byModel ? row.algorithmVersion || row.algorithmName : "",
    row.superseded && !decision ? "superseded: needs no decision" : "",
    row.abandoned ? `${row.author?.display_name ?? "Somebody"} gave this reading up` : "",
  ]
    .filter(Boolean)
    .join(" · ");
  return (
    <div
      ref={line}
      className={classes.row}
      data-testid="finding-row"
      data-finding={row.id ?? ""}
      data-kind={row.kind}
      data-label={row.content.label_key ?? ""}
      data-model={row.byModel}
      data-selected={selected}
      data-hidden={hidden}
      data-decision={decision?.decision ?? ""}
      style={hovered && !selected ? { borderColor: "var(--ov-line-strong)" } : undefined}
      onPointerEnter={() => setReadingUi({ hovered: row.key })}
      onPointerLeave={() => setReadingUi({ hovered: null })}
    >
      <span className={classes.dot} style={{ background: colorOf(row.content) }} aria-hidden />
      <Mark size={15} stroke={1.6} />
      <button
        type="button"
        className={classes.rowMain}
        aria-pressed={selected}
        aria-label={`${row.byModel ? "Model finding" : kindOf(row.kind).word}: ${titleOf(row)}`}
        onClick={() => void showFinding(row.key)}
      >
        <span className={classes.rowTitle}>
          {/* Under the heading of its label the kind says more than the label again. */}
          {slim ? row.content.name || saysOf(row) || kindOf(row.kind).word : titleOf(row)}
          {!row.correctionOf && isUnsaved(row) ? <span title="Not saved yet"> •</span> : null}
        </span>
        {sub ? <span className={classes.rowSub}>{sub}</span> : null}
        {decision ? (
          <Tooltip
            label={[decision.decision, decision.reason.replaceAll("_", " "), decision.remark]
              .filter(Boolean)
              .join(": ")}
          >
            <span className={classes.rowSub} style={{ color: decisionTones[decision.decision] }}>
              {[decision.decision, decision.at_sign_off ? "with the case" : ""].filter(Boolean).join(" ")}
            </span>
          </Tooltip>
        ) : null}
      </button>
      <span className={classes.rowTools}>
        {row.probability !== null ? <ProbabilityBadge row={row} probability={row.probability} /> : null}
        {slim ? null : <RowTools row={row} />}
      </span>
    </div>
  );
}

function ProbabilityBadge({ row, probability }: { row: FindingRow; probability: number }) {
  const { text, sentence } = useChanceOf(row, probability);
  return (
    <Tooltip label={sentence} multiline maw={260}>
      <Badge color="grape" data-testid="finding-probability">
        {text}
      </Badge>
    </Tooltip>
  );
}
