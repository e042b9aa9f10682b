import { Badge, Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { actionPorts } from "../../actions/ports";
import { asApiError } from "../../api/errors";
import { fetchRevisions } from "../../state/reading-api";
import { useFindings } from "../../state/reading-findings";
import { mayRestore } from "../../state/reading-may";
import { session, useReading } from "../../state/reading-session";
import type { RevisionOut } from "../../state/reading-types";
import { say, setReadingUi, useReadingUi } from "../../state/reading-ui";
import { formatInstant } from "../../ui/format";
import { CaseHistoryView, ReviewLine } from "./case-history";
import classes from "./panel.module.css";
import { causeWords, changesBetween } from "./revision-words";
import { titleOf } from "./words";

/** Who changed the selected finding, when and what; any state can be brought back as a new revision. */
export function HistoryPanel() {
  const selected = useReadingUi((state) => state.selected);
  const row = useFindings((state) => (selected ? state.rows[selected] : undefined));
  useReading((state) => state.workitem);
  const [revisions, setRevisions] = useState<RevisionOut[] | null>(null);
  const [problem, setProblem] = useState("");
  const id = row?.id ?? null;
  const head = row?.saved?.digest;
  useEffect(() => {
    let stale = false;
    setProblem("");
    if (!id || !head) {
      setRevisions(null);
      return undefined;
    }
    fetchRevisions(id)
      .then((list) => {
        if (!stale) {
          setRevisions([...list].sort((a, b) => b.number - a.number));
        }
      })
      .catch((thrown: unknown) => {
        if (!stale) {
          setProblem(asApiError(thrown).message);
        }
      });
    return () => {
      stale = true;
    };
  }, [id, head]);
  if (!row) {
    return <CaseHistoryView />;
  }
  const restorable = mayRestore(row);
  const decided = row.reviews.map((review) => ({ at: review.created_at, review, index: -1, revision: null }));
  const said = (revisions ?? []).map((revision, index) => ({
    at: revision.created_at,
    review: null,
    index,
    revision,
  }));
  const lines = [...decided, ...said].sort((a, b) => b.at.localeCompare(a.at));
  return (
    <>
      <div className={classes.heading}>
        History of {titleOf(row)}{" "}
        <Button
          size="compact-xs"
          variant="subtle"
          data-testid="history-of-case"
          onClick={() => setReadingUi({ selected: null })}
        >
          Whole case
        </Button>
      </div>
      {problem ? <div className={classes.none}>{problem}</div> : null}
      {!id ? <div className={classes.none}>Not saved yet.</div> : null}
      {lines.map(({ review, revision, index }) =>
        review ? (
          <div
            key={review.id}
            className={classes.comment}
            data-testid="review-step"
            data-decision={review.decision}
          >
            <div className={classes.small}>
              {review.reviewer?.display_name ?? "—"} · {formatInstant(review.created_at)}
            </div>
            <ReviewLine review={review} revisions={revisions ?? []} />
            {row.decision?.id === review.id ? null : (
              <div className={classes.small}>does not count any more</div>
            )}
          </div>
        ) : revision ? (
          <div
            key={revision.id}
            className={classes.comment}
            data-testid="revision"
            data-number={revision.number}
          >
            <div className={classes.small}>
              {revision.author?.display_name ?? row.algorithmName ?? "—"} ·{" "}
              {formatInstant(revision.created_at)}
            </div>
            <Badge size="xs" color={revision.cause === "delete" ? "red" : "gray"}>
              {revision.number} ·{" "}
              {revision.number === 1 && revision.cause === "edit"
                ? "made"
                : (causeWords[revision.cause] ?? revision.cause)}
            </Badge>{" "}
            {changesBetween(revisions?.[index + 1], revision).join(", ")}
            {restorable && index > 0 && revision.cause !== "delete" ? (
              <div>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  data-testid="revision-restore"
                  onClick={() => {
                    session
                      .restoreRevision(row.key, revision.id)
                      .then(() => say(`Brought back as revision ${(revisions?.[0]?.number ?? 0) + 1}`))
                      .catch(actionPorts().reportProblem);
                  }}
                >
                  Bring this back
                </Button>
              </div>
            ) : null}
          </div>
        ) : null,
      )}
    </>
  );
}
