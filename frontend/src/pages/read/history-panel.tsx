import { Badge, Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { actionPorts } from "../../actions/ports";
import { asApiError } from "../../api/errors";
import { pixelsIn } from "../../geometry/runs";
import { fetchRevisions } from "../../state/reading-api";
import { useFindings } from "../../state/reading-findings";
import { isOwn, mayAdd } from "../../state/reading-may";
import { session, useReading } from "../../state/reading-session";
import type { RevisionOut } from "../../state/reading-types";
import { say, useReadingUi } from "../../state/reading-ui";
import { labelMeaning } from "../../viewer/findings-on-frame";
import classes from "./panel.module.css";
import { momentOf, titleOf } from "./words";

const causeWords: Record<string, string> = {
  edit: "changed",
  delete: "deleted",
  restore: "restored",
  correction: "corrected",
  proposal: "proposed by the model",
  merge: "merged",
};

/** What one revision says differently from the one before it, in words. */
export function changesBetween(before: RevisionOut | undefined, after: RevisionOut): string[] {
  const now = after.content;
  if (!before) {
    return [now.label_key ? `as ${labelMeaning(now.label_key)}` : "drawn"];
  }
  const was = before.content;
  const lines: string[] = [];
  if (was.label_key !== now.label_key) {
    lines.push(`label ${labelMeaning(was.label_key)} → ${labelMeaning(now.label_key)}`);
  }
  if (was.present !== now.present) {
    lines.push(now.present === null ? "answer taken back" : now.present ? "now present" : "now absent");
  }
  if (was.name !== now.name) {
    lines.push(`name “${was.name}” → “${now.name}”`);
  }
  if (was.text !== now.text) {
    lines.push("text changed");
  }
  if (was.color !== now.color) {
    lines.push("colour changed");
  }
  if (was.locked !== now.locked) {
    lines.push(now.locked ? "locked" : "unlocked");
  }
  if (JSON.stringify(was.geometry?.points) !== JSON.stringify(now.geometry?.points)) {
    lines.push("moved or reshaped");
  }
  const size = (revision: RevisionOut) =>
    (revision.content.mask?.frames ?? []).reduce((sum, frame) => sum + pixelsIn(frame.runs), 0);
  if (size(before) !== size(after)) {
    lines.push(`${size(before)} → ${size(after)} pixels`);
  }
  return lines;
}

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
    return <div className={classes.none}>Select a finding to see who changed it, when and how.</div>;
  }
  const mayRestore = mayAdd() && isOwn(row);
  return (
    <>
      <div className={classes.heading}>History of {titleOf(row)}</div>
      {problem ? <div className={classes.none}>{problem}</div> : null}
      {!id ? <div className={classes.none}>Not saved yet.</div> : null}
      {revisions?.map((revision, index) => (
        <div
          key={revision.id}
          className={classes.comment}
          data-testid="revision"
          data-number={revision.number}
        >
          <div className={classes.small}>
            {revision.author?.display_name ?? row.algorithmName ?? "—"} · {momentOf(revision.created_at)}
          </div>
          <Badge size="xs" color={revision.cause === "delete" ? "red" : "gray"}>
            {revision.number} ·{" "}
            {revision.number === 1 && revision.cause === "edit"
              ? "made"
              : (causeWords[revision.cause] ?? revision.cause)}
          </Badge>{" "}
          {changesBetween(revisions[index + 1], revision).join(", ")}
          {mayRestore && index > 0 && revision.cause !== "delete" ? (
            <div>
              <Button
                size="compact-xs"
                variant="subtle"
                data-testid="revision-restore"
                onClick={() => {
                  session
                    .restoreRevision(row.key, revision.id)
                    .then(() => say(`Brought back as revision ${(revisions[0]?.number ?? 0) + 1}`))
                    .catch(actionPorts().reportProblem);
                }}
              >
                Bring this back
              </Button>
            </div>
          ) : null}
        </div>
      ))}
    </>
  );
}
