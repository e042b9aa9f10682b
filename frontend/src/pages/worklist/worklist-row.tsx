import { Tooltip } from "@mantine/core";
import type { CSSProperties } from "react";
import type { WorkitemRow } from "../../api/types";
import { formatChance } from "../../state/chance";
import { formatAge, formatAgo, formatDay, formatInstant, formatPatientName } from "../../ui/format";
import { GrownMark } from "../../ui/grown-since-read";
import { ShareBar } from "../../ui/share-bar";
import { StateBadge } from "../../ui/state-badge";
import { countsInWords, modelCount } from "./counts";
import classes from "./worklist.module.css";

/** One case of the worklist. */
export function WorklistRow({
  row,
  index,
  selected,
  style,
  onOpen,
}: {
  row: WorkitemRow;
  index: number;
  selected: boolean;
  style: CSSProperties;
  onOpen: () => void;
}) {
  const { study } = row;
  const patient = [study.patient_sex, formatAge(study.patient_age)].filter(Boolean).join(" · ");
  return (
    // The table itself takes the keys (arrows, Enter); a row only needs the pointer.
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the grid that owns the row
    <div
      id={`case-${row.id}`}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={`${classes.row} ${classes.item}`}
      style={style}
      onClick={onOpen}
      data-testid="worklist-row"
      data-workitem={row.id}
    >
      <div role="gridcell" className={classes.patient} title={formatPatientName(study.patient_name)}>
        <span>{formatPatientName(study.patient_name)}</span>
        {study.identity_clash ? (
          <Tooltip
            label="Studies under this Patient ID name different persons. An admin decides."
            multiline
            maw={260}
          >
            <span className={classes.clash} data-testid="identity-clash">
              Who?
            </span>
          </Tooltip>
        ) : null}
        {row.grown_since_read ? <GrownMark short /> : null}
      </div>
      <div role="gridcell" className={classes.id} title={study.patient_id}>
        {study.patient_id || "–"}
      </div>
      <div role="gridcell">{patient || "–"}</div>
      <div role="gridcell" title={study.study_description}>
        {study.study_description || "No description"}
      </div>
      <div role="gridcell" title={study.modalities.join(", ")}>
        {study.modalities.join(", ") || "–"}
      </div>
      <div role="gridcell">{study.body_parts.join(", ") || "–"}</div>
      <div role="gridcell">{formatDay(study.study_date) || "–"}</div>
      <div role="gridcell">
        <StateBadge state={row.state} />
      </div>
      <div role="gridcell">{row.reader?.display_name ?? "–"}</div>
      <div role="gridcell">
        {row.ai_score === null ? (
          <Tooltip label={row.ai.sentence} multiline maw={300}>
            <span className={classes.sub} data-testid="ai-state" data-state={row.ai.state}>
              {row.ai.word}
            </span>
          </Tooltip>
        ) : (
          <span
            className={classes.score}
            title={row.ai.sentence}
            data-testid="ai-state"
            data-state={row.ai.state}
          >
            <ShareBar
              width={36}
              parts={[{ share: row.ai_score, color: "var(--ov-ai)" }]}
              label={`Highest probability of a model finding: ${formatChance(row.ai_score)}`}
            />
            {formatChance(row.ai_score)}
          </span>
        )}
      </div>
      <div role="gridcell">
        <Tooltip label={countsInWords(row)} multiline maw={300}>
          <span>
            {row.finding_counts.own} / {modelCount(row)}
            {row.finding_counts.open > 0 ? (
              <span className={classes.sub}>{row.finding_counts.open} open</span>
            ) : null}
          </span>
        </Tooltip>
      </div>
      <div role="gridcell" title={formatInstant(row.updated_at)}>
        {formatAgo(row.updated_at)}
      </div>
    </div>
  );
}
