import { Badge, Button, Group, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCheck,
  IconCloudOff,
  IconLoader2,
  IconLock,
  IconPlayerTrackNext,
} from "@tabler/icons-react";
import { performById } from "../../actions/action-table";
import { maySubmit } from "../../actions/case-actions";
import { isSignedOff, mayReview } from "../../state/reading-may";
import { type SaveState, useSaveStatus } from "../../state/reading-save-status";
import { session, useReading } from "../../state/reading-session";
import { setReadingUi } from "../../state/reading-ui";
import { GrownMark } from "../../ui/grown-since-read";
import { stateWords } from "../../ui/state-badge";
import classes from "./read.module.css";
import { ageOf, dayOf, nameOf } from "./words";

const saveWords: Record<SaveState, string> = {
  saved: "Saved",
  unsaved: "Unsaved",
  saving: "Saving…",
  offline: "Offline: kept here",
  conflict: "Changed by someone else",
  failed: "Not saved",
  aside: "Set aside",
};

const saveHints: Record<SaveState, string> = {
  saved: "Everything is on the server",
  unsaved: "Will be saved in a moment; a copy is already kept in this browser",
  saving: "Being sent; a copy is kept in this browser",
  offline:
    "The server does not answer. Your changes are kept in this browser and sent when it is back. Press to try now.",
  conflict: "Press to decide which version stays",
  failed: "The server refused a change",
  aside: "A change is not on the server. Apply or discard it at the top of the findings.",
};

function SaveMark({ state }: { state: SaveState }) {
  switch (state) {
    case "saved":
      return <IconCheck size={14} aria-hidden />;
    case "offline":
      return <IconCloudOff size={14} aria-hidden />;
    case "conflict":
    case "failed":
    case "aside":
      return <IconAlertTriangle size={14} aria-hidden />;
    default:
      return <IconLoader2 size={14} aria-hidden />;
  }
}

function SaveStateButton() {
  const { state, unsaved, message } = useSaveStatus();
  return (
    <Tooltip label={message || saveHints[state]} multiline maw={300}>
      <button
        type="button"
        className={classes.save}
        data-testid="save-state"
        data-state={state}
        aria-live="polite"
        onClick={() => {
          if (state === "conflict") {
            setReadingUi({ dialog: "conflict" });
          } else if (state === "aside") {
            setReadingUi({ tab: "findings" });
          } else {
            session.retrySaving();
            void session.flush();
          }
        }}
      >
        <SaveMark state={state} />
        {saveWords[state]}
        {unsaved > 1 && state !== "saved" ? ` (${unsaved})` : ""}
      </button>
    </Tooltip>
  );
}

const stateColors: Record<string, string> = {
  open: "gray",
  claimed: "blue",
  submitted: "yellow",
  accepted: "green",
  corrected: "teal",
  rejected: "red",
};

/** Patient, study, state of the case and what can be done with it; always visible. */
export function CaseBar() {
  const { workitem, mode, busy } = useReading();
  if (!workitem) {
    return <section className={classes.bar} aria-label="Patient and case" />;
  }
  const { study } = workitem;
  const reviewing = mayReview();
  const signedOff = isSignedOff(workitem);
  return (
    <section className={classes.bar} aria-label="Patient and case" data-testid="case-bar">
      <div className={classes.patient} data-testid="patient-banner">
        <span className={classes.patientName}>{nameOf(study.patient_name)}</span>
        <span className={classes.patientFact}>{study.patient_id}</span>
        <span className={classes.patientFact}>
          {[study.patient_sex, ageOf(study.patient_age)].filter(Boolean).join(" · ")}
        </span>
        {study.patient_birth_date ? (
          <span className={classes.patientFact}>born {dayOf(study.patient_birth_date)}</span>
        ) : null}
        <span className={classes.patientFact}>{dayOf(study.study_date)}</span>
        <span className={classes.patientFact}>
          {[study.modalities.join("/"), study.study_description].filter(Boolean).join(" · ")}
        </span>
      </div>
      <Badge
        color={stateColors[workitem.state] ?? "gray"}
        data-testid="workitem-state"
        data-state={workitem.state}
      >
        {signedOff ? <IconLock size={10} aria-hidden /> : null} {stateWords(workitem.state)}
      </Badge>
      {workitem.images_since_read > 0 ? <GrownMark images={workitem.images_since_read} /> : null}
      {mode === "review" ? (
        <Badge variant="outline" color="grape">
          Review
        </Badge>
      ) : null}

      <SaveStateButton />
      <Group gap={6} wrap="nowrap">
        {maySubmit() ? (
          <Tooltip label="Ctrl Enter">
            <Button
              data-testid="case-submit"
              loading={busy === "submit"}
              onClick={() => performById("case.submit")}
            >
              Submit
            </Button>
          </Tooltip>
        ) : null}
        {reviewing ? (
          <>
            <Tooltip label="Ctrl Enter">
              <Button
                color="green"
                data-testid="case-sign-off"
                loading={busy === "decide"}
                onClick={() => performById("case.sign-off")}
              >
                Sign off
              </Button>
            </Tooltip>
            <Tooltip label="Shift X">
              <Button
                color="red"
                variant="light"
                data-testid="case-reject"
                onClick={() => performById("case.reject")}
              >
                Send back
              </Button>
            </Tooltip>
          </>
        ) : null}
        <Tooltip label="Next case (N)">
          <Button
            variant="default"
            data-testid="case-next"
            rightSection={<IconPlayerTrackNext size={14} aria-hidden />}
            onClick={() => performById("case.next")}
          >
            Next
          </Button>
        </Tooltip>
      </Group>
    </section>
  );
}
