import { Alert, Button } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { performById } from "../../actions/action-table";
import { isSignedOff, may, mayReview, whyNot } from "../../state/reading-may";
import { useReading } from "../../state/reading-session";
import type { WorkitemOut } from "../../state/reading-types";
import { formatInstant } from "../../ui/format";
import { sinceRead } from "../../ui/grown-since-read";
import classes from "./panel.module.css";

function Act({ id, label, testId }: { id: string; label: string; testId: string }) {
  return (
    <Button size="compact-xs" variant="default" data-testid={testId} onClick={() => performById(id)}>
      {label}
    </Button>
  );
}

function Reopened({ reopened }: { reopened: NonNullable<WorkitemOut["reopened"]> }) {
  return (
    <div className={classes.locked} data-tone="bad" data-testid="reopened-note">
      <span>
        Reopened{reopened.by ? ` by ${reopened.by.display_name}` : ""} on {formatInstant(reopened.at)}: “
        {reopened.reason}” What was decided before does not count any more: decide anew.
      </span>
    </div>
  );
}

/** Pictures that came after this page was opened: what is signed is signed of those that are shown. */
function Arrived() {
  const shown = useReading((state) => state.imagesShown);
  const now = useReading((state) => state.workitem?.images_digest);
  const later = useReading((state) => state.workitem?.images_since_read ?? 0);
  if (now !== undefined && now !== shown) {
    return (
      <div className={classes.locked} data-tone="bad" data-testid="images-note">
        <span style={{ flex: 1 }}>The images of this study have changed since you opened it.</span>
        <Button
          size="compact-xs"
          variant="default"
          data-testid="images-show"
          onClick={() => window.location.reload()}
        >
          Show them
        </Button>
      </div>
    );
  }
  return later > 0 ? (
    <div className={classes.locked} data-tone="bad" data-testid="images-since-note">
      <span>{sinceRead(later)}</span>
    </div>
  ) : null;
}

function Standing({ workitem }: { workitem: WorkitemOut }) {
  const { mode, me } = useReading();
  const reader = workitem.reader;
  const mine = reader?.id === me?.id;
  if (isSignedOff(workitem)) {
    return (
      <div className={classes.locked} data-tone="good" data-testid="locked-note">
        <IconLock size={16} aria-hidden />
        <span style={{ flex: 1 }}>
          Signed off as {workitem.state}
          {workitem.reviewer ? ` by ${workitem.reviewer.display_name}` : ""}. Nothing can be changed.
        </span>
        {may("reopen", workitem) ? <Act id="case.reopen" label="Reopen…" testId="case-reopen" /> : null}
      </div>
    );
  }
  if (workitem.state === "rejected") {
    return (
      <div className={classes.locked} data-tone="bad" data-testid="rejected-note">
        <span style={{ flex: 1 }}>
          Sent back{workitem.reviewer ? ` by ${workitem.reviewer.display_name}` : ""}
          {workitem.remark ? `: “${workitem.remark}”` : "."} See the comments, correct it and submit again.
        </span>
        {may("release", workitem) ? <Act id="case.release" label="Give back" testId="case-release" /> : null}
        {may("assign", workitem) && !mine ? (
          <Act id="case.take-over" label="Take over" testId="case-take-over" />
        ) : null}
      </div>
    );
  }
  if (workitem.state === "submitted" && mode === "read") {
    return (
      <div className={classes.locked} data-testid="submitted-note">
        <IconLock size={16} aria-hidden />
        <span style={{ flex: 1 }}>Submitted, waiting for review.</span>
        {may("withdraw", workitem) ? (
          <Act id="case.withdraw" label="Take back" testId="case-withdraw" />
        ) : null}
      </div>
    );
  }
  if (mode === "review") {
    return mayReview() ? null : (
      <Alert color="yellow" p="xs" mb="xs" data-testid="review-not-possible">
        {whyNot("review", workitem) ?? "This case cannot be reviewed now."}
      </Alert>
    );
  }
  if (workitem.state === "claimed" && reader) {
    return (
      <div className={classes.locked} data-testid={mine ? "claimed-note" : "taken-note"}>
        <span style={{ flex: 1 }}>
          {mine
            ? "You are reading this case."
            : `${reader.display_name} is reading this case. You can look, not change.`}
        </span>
        {may("release", workitem) ? (
          <Act id="case.release" label={mine ? "Give back" : "Release"} testId="case-release" />
        ) : null}
        {may("assign", workitem) && !mine ? (
          <Act id="case.take-over" label="Take over" testId="case-take-over" />
        ) : null}
      </div>
    );
  }
  if (workitem.state === "open" && may("claim", workitem)) {
    return (
      <div className={classes.locked} data-testid="open-note">
        <span style={{ flex: 1 }}>Nobody reads this case. Your first answer or mark takes it.</span>
        <Act id="case.claim" label="Take it" testId="case-claim" />
      </div>
    );
  }
  return null;
}

/** A study that holds no picture (any more) is not read, and the server says what to do. */
function Unreadable({ workitem }: { workitem: WorkitemOut }) {
  const refusal = workitem.why_not.submit ?? null;
  const claim = workitem.why_not.claim ?? null;
  const said = [refusal, claim].find((one) => one?.code === "no_pictures");
  return said ? (
    <Alert color="yellow" p="xs" mb="xs" data-testid="no-pictures-note">
      {said.message}
    </Alert>
  ) : null;
}

/** How the case stands, why, and what can be done about that. */
export function StateNote() {
  const workitem = useReading((state) => state.workitem);
  if (!workitem) {
    return null;
  }
  return (
    <>
      {workitem.reopened ? <Reopened reopened={workitem.reopened} /> : null}
      <Arrived />
      <Unreadable workitem={workitem} />
      <Standing workitem={workitem} />
    </>
  );
}
