import { Badge, Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { actionPorts } from "../../actions/ports";
import { reasonWords } from "../../actions/review-actions";
import { asApiError } from "../../api/errors";
import { fetchHistory, fetchRevisions } from "../../state/reading-api";
import { useFindings } from "../../state/reading-findings";
import { mayRestore } from "../../state/reading-may";
import type { FindingRow } from "../../state/reading-rows";
import { session, useReading } from "../../state/reading-session";
import type { CaseHistory, CaseStep, ReviewOut, RevisionOut } from "../../state/reading-types";
import { say } from "../../state/reading-ui";
import { formatInstant } from "../../ui/format";
import { showFinding } from "../../viewer/jump";
import classes from "./panel.module.css";
import { changesBetween } from "./revision-words";
import { titleOf } from "./words";

const stepWords: Record<CaseStep["kind"], string> = {
  claimed: "taken to read",
  released: "given back",
  assigned: "given to",
  submitted: "handed in",
  withdrawn: "taken back to go on reading",
  accepted: "signed off as it is",
  corrected: "signed off with corrections",
  rejected: "sent back to its reader",
  reopened: "reopened",
  read_again: "sign-off taken back; to be read again, blind, by",
  reviewed: "judged",
  revised: "drawn or changed after it was handed in",
  proposed: "model findings came",
  images_arrived: "images arrived",
  calibrated: "image calibrated, or not any more",
};

const decisionColors = { accepted: "green", corrected: "yellow", rejected: "red" } as const;

/** A decision about one finding: who, what, why, and what it changed. */
export function ReviewLine({ review, revisions }: { review: ReviewOut; revisions: RevisionOut[] }) {
  const reason = reasonWords(review.reason);
  const before = revisions.find((one) => one.id === review.revision);
  const after = revisions.find((one) => one.id === review.corrected_revision);
  return (
    <>
      <Badge size="xs" color={decisionColors[review.decision]}>
        {review.decision}
      </Badge>{" "}
      {review.at_sign_off ? "with the whole case" : ""}
      {reason ? `${reason}. ` : ""}
      {review.remark ? `“${review.remark}” ` : ""}
      {before && after ? changesBetween(before, after).join(", ") : ""}
    </>
  );
}

/** Deleted findings can be named and brought back, also after the page was loaded anew. */
function Deleted({ rows }: { rows: FindingRow[] }) {
  if (rows.length === 0) {
    return null;
  }
  return (
    <>
      <div className={classes.heading}>
        Deleted <span>{rows.length}</span>
      </div>
      {rows.map((row) => (
        <div key={row.key} className={classes.comment} data-testid="deleted-finding">
          {titleOf(row)} <span className={classes.small}>by {row.author?.display_name ?? "—"}</span>
          {mayRestore(row) && row.saved?.contentRevisionId ? (
            <div>
              <Button
                size="compact-xs"
                variant="subtle"
                data-testid="deleted-restore"
                onClick={() => {
                  session
                    .restoreRevision(row.key, row.saved?.contentRevisionId ?? "")
                    .then(() => showFinding(row.key))
                    .then(() => say(`Brought back: ${titleOf(row)}`))
                    .catch(actionPorts().reportProblem);
                }}
              >
                Bring it back
              </Button>
            </div>
          ) : null}
        </div>
      ))}
    </>
  );
}

function Step({
  step,
  row,
  revisions,
}: {
  step: CaseStep;
  row: FindingRow | undefined;
  revisions: RevisionOut[];
}) {
  const review =
    step.kind === "reviewed"
      ? row?.reviews.find((one) => one.reviewer?.id === step.by?.id && sameMoment(one.created_at, step.at))
      : undefined;
  return (
    <div className={classes.comment} data-testid="case-step" data-kind={step.kind}>
      <div className={classes.small}>
        {step.by?.display_name ?? "Overread"} · {formatInstant(step.at)}
      </div>
      {row ? (
        <button type="button" className={classes.rowMain} onClick={() => void showFinding(row.key)}>
          {titleOf(row)}
        </button>
      ) : null}
      {review ? (
        <ReviewLine review={review} revisions={revisions} />
      ) : (
        <>
          {stepWords[step.kind]}
          {(step.kind === "assigned" || step.kind === "read_again") && step.reader
            ? ` ${step.reader.display_name}`
            : ""}
        </>
      )}
      {step.remark ? <div>“{step.remark}”</div> : null}
    </div>
  );
}

/** A step and its review are written in one transaction, milliseconds apart. */
const sameMoment = (a: string, b: string) => Math.abs(Date.parse(a) - Date.parse(b)) < 1000;

/** Whether a model's opinion was on the reader's screen, from when, and whether the answer came first. */
const blindnessOf = (reading: CaseHistory["readings"][number]): string =>
  reading.revealed_at
    ? `a model’s opinion was on the screen ${cameAfter(reading.revealed_at, reading.submitted_at)}from ${formatInstant(reading.revealed_at)} on`
    : reading.blind
      ? "no model’s opinion was on the screen"
      : "had seen a model’s opinion before";

const cameAfter = (revealed: string, submitted: string | null): string =>
  submitted && Date.parse(revealed) >= Date.parse(submitted) ? "only after the answer, " : "";

/** The life of the whole case: who took, signed, sent back or reopened it, who judged what, and why. */
export function CaseHistoryView() {
  const workitem = useReading((state) => state.workitem);
  const rows = useFindings((state) => state.rows);
  const [history, setHistory] = useState<CaseHistory | null>(null);
  const [revisions, setRevisions] = useState<Record<string, RevisionOut[]>>({});
  const [problem, setProblem] = useState("");
  const id = workitem?.id;
  const version = workitem?.version;
  useEffect(() => {
    let stale = false;
    if (!id || version === undefined) {
      return undefined;
    }
    const load = async () => {
      const found = await fetchHistory(id);
      const judged = [
        ...new Set(found.steps.flatMap((step) => (step.kind === "reviewed" && step.finding_id) || [])),
      ];
      const lists = await Promise.all(judged.map(async (one) => [one, await fetchRevisions(one)] as const));
      if (!stale) {
        setHistory(found);
        setRevisions(Object.fromEntries(lists));
        setProblem("");
      }
    };
    load().catch((thrown: unknown) => {
      if (!stale) {
        setProblem(asApiError(thrown).message);
      }
    });
    return () => {
      stale = true;
    };
  }, [id, version]);
  const all = Object.values(rows).filter((row) => !row.correctionOf);
  const abandoned = history?.readings.filter((one) => one.state === "abandoned") ?? [];
  const counting = history?.readings.filter((one) => one.state !== "abandoned") ?? [];
  return (
    <>
      <Deleted rows={all.filter((row) => row.deleted && row.id !== null && !row.abandoned)} />
      <div className={classes.heading}>History of the case</div>
      <div className={classes.none}>Select a finding to see its own.</div>
      {problem ? <div className={classes.none}>{problem}</div> : null}
      {counting.map((one) => (
        <div key={one.id} className={classes.comment} data-testid="reading-blindness">
          {one.reader.display_name}: {blindnessOf(one)}
        </div>
      ))}
      {abandoned.map((one) => (
        <div key={one.id} className={classes.comment} data-testid="abandoned-reading">
          {one.reader.display_name} began to read it on {formatInstant(one.claimed_at)} and gave it up
          {one.abandoned_at ? ` on ${formatInstant(one.abandoned_at)}` : ""}. It counts for nobody.
        </div>
      ))}
      {[...(history?.steps ?? [])].reverse().map((step) => (
        <Step
          key={step.version}
          step={step}
          row={all.find((row) => row.id === step.finding_id)}
          revisions={revisions[step.finding_id ?? ""] ?? []}
        />
      ))}
    </>
  );
}
