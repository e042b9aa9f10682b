import { Button, ColorInput, Group, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useEffect, useRef } from "react";
import { performById } from "../../actions/action-table";
import { isCalibrating } from "../../actions/finding-actions";
import { reasonWords } from "../../actions/review-actions";
import { written } from "../../geometry/measure";
import { useChanceOf } from "../../state/reading-chance";
import { changeContent } from "../../state/reading-edits";
import { findingRow, useFindings } from "../../state/reading-findings";
import { isEditable, mayJudge } from "../../state/reading-may";
import { type FindingRow, shownMeasures } from "../../state/reading-rows";
import { useReading } from "../../state/reading-session";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";
import { colorOf } from "../../viewer/findings-on-frame";
import { kindOf } from "../../viewer/shape-kinds";
import classes from "./panel.module.css";
import { measureName, measureValue, titleOf } from "./words";

function Fields({ row }: { row: FindingRow }) {
  const workitem = useReading((state) => state.workitem);
  const renaming = useReadingUi((state) => state.renaming === row.key);
  const name = useRef<HTMLInputElement>(null);
  const { content } = row;
  useEffect(() => {
    if (renaming) {
      name.current?.focus();
      name.current?.select();
    }
  }, [renaming]);
  const wanted = kindOf(row.kind).use;
  const labels =
    workitem?.labels.filter((label) => label.uses.includes(wanted) || label.key === content.label_key) ?? [];
  return (
    <>
      <Select
        label="Label"
        data-testid="detail-label"
        data={labels.map((label) => ({ value: label.key, label: label.code_meaning }))}
        value={content.label_key}
        placeholder="No label"
        description={
          content.label_key === null
            ? "Drawn without a label: it says nothing of the case until you choose one."
            : null
        }
        clearable={wanted === "region"}
        disabled={row.kind === "image_label" && !row.correctionOf}
        onChange={(labelKey) => changeContent(row.key, { label_key: labelKey }, { label: "Label" })}
      />
      {row.kind === "image_label" && row.correctionOf ? (
        <Switch
          label="Present"
          checked={content.present !== false}
          data-testid="detail-present"
          onChange={(event) =>
            changeContent(row.key, { present: event.currentTarget.checked }, { label: "Image label" })
          }
        />
      ) : null}
      <TextInput
        ref={name}
        label="Name"
        data-testid="detail-name"
        value={content.name}
        placeholder={titleOf(row)}
        maxLength={80}
        onChange={(event) =>
          changeContent(
            row.key,
            { name: event.currentTarget.value },
            { label: "Rename", merge: `name:${row.key}` },
          )
        }
        onBlur={() => setReadingUi({ renaming: null })}
        onKeyDown={(event) => {
          if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Escape") {
            event.preventDefault();
            event.currentTarget.blur();
          }
        }}
      />
      <Textarea
        label="Text"
        autosize
        minRows={1}
        maxRows={4}
        data-testid="detail-text"
        value={content.text}
        onChange={(event) =>
          changeContent(
            row.key,
            { text: event.currentTarget.value },
            { label: "Text", merge: `text:${row.key}` },
          )
        }
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.preventDefault();
            event.currentTarget.blur();
          }
        }}
      />
      {row.kind === "image_label" ? null : (
        <ColorInput
          label="Colour"
          size="xs"
          format="hex"
          data-testid="detail-color"
          value={colorOf(content)}
          swatches={["#4fb3e8", "#4cc38a", "#e9b949", "#f2706b", "#b48cf2", "#ff8ac4", "#ffffff"]}
          swatchesPerRow={7}
          onChangeEnd={(color) => {
            if (/^#[0-9a-f]{6}$/i.test(color)) {
              changeContent(
                row.key,
                { color: color.toLowerCase() },
                { label: "Colour", merge: `color:${row.key}` },
              );
            }
          }}
        />
      )}
    </>
  );
}

function differenceWords(difference: Record<string, unknown>): string {
  return Object.entries(difference)
    .flatMap(([name, value]) => {
      if (typeof value !== "number") {
        return [];
      }
      const unit = /_(mm|px)$/.exec(name)?.[1] ?? "";
      const word = name === "iou" ? "IoU" : measureName(name);
      return [`${word} ${written(value)}${unit ? ` ${unit}` : ""}`];
    })
    .join(" · ");
}

function Facts({ row }: { row: FindingRow }) {
  const decision = row.decision;
  const difference = decision?.difference ? differenceWords(decision.difference) : "";
  const reason = reasonWords(decision?.reason);
  return (
    <dl className={classes.facts}>
      <dt>Kind</dt>
      <dd>{kindOf(row.kind).word}</dd>
      {row.byModel ? (
        <>
          <dt>Model</dt>
          <dd data-testid="finding-version">
            {row.algorithmName} {row.algorithmVersion}
          </dd>
        </>
      ) : (
        <>
          <dt>By</dt>
          <dd>{row.author?.display_name ?? "—"}</dd>
        </>
      )}
      {row.probability !== null ? <Probability row={row} probability={row.probability} /> : null}
      {Object.entries(shownMeasures(row)).map(([name, measure]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{measureName(name)}</dt>
          <dd>
            {measureValue(measure, name)}
            {measure.words ? <span className={classes.source}> {measure.words}</span> : null}
          </dd>
        </div>
      ))}
      {isCalibrating(row) ? (
        <>
          <dt>Calibration</dt>
          <dd>
            <Button
              size="compact-xs"
              variant="default"
              data-testid="calibrate"
              onClick={() => performById("finding.calibrate")}
            >
              By this length…
            </Button>
          </dd>
        </>
      ) : null}
      {decision ? (
        <>
          <dt>Decision</dt>
          <dd>
            {decision.decision} by {decision.reviewer?.display_name ?? "—"}
            {reason ? `: ${reason}` : ""}
            {decision.remark ? ` “${decision.remark}”` : ""}
          </dd>
        </>
      ) : null}
      {difference ? (
        <>
          <dt>Difference</dt>
          <dd data-testid="review-difference">{difference}</dd>
        </>
      ) : null}
    </dl>
  );
}

/** The selected finding: its facts, and its fields where it may be changed. */
export function FindingDetail() {
  const key = useReadingUi((state) => state.correcting ?? state.selected);
  const row = useFindings((state) => (key ? state.rows[key] : undefined));
  useReading((state) => state.workitem);
  if (!row || row.deleted) {
    return null;
  }
  const correcting = row.correctionOf !== null;
  const original = correcting ? findingRow(row.correctionOf) : undefined;
  return (
    <section
      className={`${classes.detail} ${classes.pinned}`}
      data-correcting={correcting}
      data-testid="finding-detail"
      data-ends-with-ctrl-enter
      aria-label={correcting ? "Correction" : "Selected finding"}
    >
      {correcting ? <strong>Correcting: {original ? titleOf(original) : ""}</strong> : null}
      {mayJudge(row) && !correcting ? (
        <Group gap={6} grow>
          <Button color="green" data-testid="review-accept" onClick={() => performById("review.accept")}>
            Accept <span className={classes.key}>&nbsp;A</span>
          </Button>
          <Button
            color="yellow"
            variant="light"
            data-testid="review-correct"
            onClick={() => performById("review.correct")}
          >
            Correct <span className={classes.key}>&nbsp;C</span>
          </Button>
          <Button
            color="red"
            variant="light"
            data-testid="review-reject"
            onClick={() => performById("review.reject")}
          >
            Reject <span className={classes.key}>&nbsp;X</span>
          </Button>
        </Group>
      ) : null}
      {correcting ? null : <Facts row={row} />}
      {isEditable(row) ? <Fields row={row} /> : null}
      {correcting ? (
        <Group gap={6} grow>
          <Button
            color="yellow"
            data-testid="review-save-correction"
            onClick={() => performById("review.save-correction")}
          >
            Save <span className={classes.key}>&nbsp;Enter</span>
          </Button>
          <Button variant="default" onClick={() => performById("review.cancel-correction")}>
            Cancel <span className={classes.key}>&nbsp;Esc</span>
          </Button>
        </Group>
      ) : null}
    </section>
  );
}

function Probability({ row, probability }: { row: FindingRow; probability: number }) {
  const { text, sentence } = useChanceOf(row, probability);
  return (
    <>
      <dt>Probability</dt>
      <dd title={sentence}>
        {text}
        <span className={classes.source}> {sentence}</span>
      </dd>
    </>
  );
}
