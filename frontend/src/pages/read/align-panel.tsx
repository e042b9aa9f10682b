import { Alert, Button, Group, Progress, Select, Slider, Stack, Text, UnstyledButton } from "@mantine/core";
import { useState, useSyncExternalStore } from "react";
import { performById } from "../../actions/action-table";
import { actionPorts } from "../../actions/ports";
import {
  type AlignableSeries,
  cancelRegistration,
  fits,
  type Registration,
  type RegistrationMethod,
  requestRegistration,
  showRegistration,
  useRegistration,
  ways,
} from "../../state/reading-registration";
import { useReadingUi } from "../../state/reading-ui";
import { openSeries, panes } from "../../viewer/panes";
import { methodWords, seriesWords, standingWords, wayWords, whyOf, wordOf } from "./align-words";
import layerClasses from "./layers.module.css";
import classes from "./panel.module.css";

const methods: RegistrationMethod[] = ["rigid", "affine", "deformable"];
const report = (thrown: unknown) => actionPorts().reportProblem(thrown);

function useActiveSeries(): string {
  const controller = panes[useReadingUi((state) => state.activePane)];
  return useSyncExternalStore(controller.subscribe, controller.getView).stack?.seriesUid ?? "";
}

/** Which series stays, which is laid onto it, and how. */
function AlignForm() {
  const pairs = useRegistration((state) => state.pairs);
  const busy = useRegistration((state) => state.busy);
  const active = useActiveSeries();
  const [moving, setMoving] = useState<string | null>(null);
  const [method, setMethod] = useState<RegistrationMethod>("rigid");
  const fixed = pairs?.fixed.find((one) => one.series_instance_uid === active);
  if (!pairs || !fixed) {
    return <div className={classes.none}>Open a series to lay another onto it.</div>;
  }
  if (fixed.why_not) {
    return (
      <div className={classes.none} data-testid="align-why-not">
        {fixed.why_not}
      </div>
    );
  }
  const option = (one: AlignableSeries) => ({
    value: one.series_instance_uid,
    label: seriesWords(one),
    disabled: !fits(fixed, one),
  });
  const others = pairs.moving.filter((one) => one.series_instance_uid !== active);
  const chosen = others.find((one) => one.series_instance_uid === moving && fits(fixed, one));
  const refused = others.filter((one) => one.why_not);
  return (
    <Stack gap={6}>
      <div className={classes.small}>Stays: {seriesWords(fixed)}</div>
      <Select
        size="xs"
        label="Lay onto it"
        placeholder="Another series of this patient"
        data={others.map(option)}
        value={chosen ? moving : null}
        onChange={setMoving}
        data-testid="align-moving"
      />
      {refused.map((one) => (
        <div key={one.series_instance_uid} className={classes.small}>
          {seriesWords(one)}: {one.why_not}
        </div>
      ))}
      <Select
        size="xs"
        label="How"
        data={methods.map((value) => ({ value, label: methodWords[value] }))}
        value={method}
        allowDeselect={false}
        onChange={(value) => setMethod((value as RegistrationMethod | null) ?? "rigid")}
        data-testid="align-method"
      />
      <Button
        size="xs"
        variant="default"
        disabled={!chosen}
        loading={busy}
        data-testid="align-ask"
        onClick={() =>
          chosen && requestRegistration(active, chosen.series_instance_uid, method).catch(report)
        }
      >
        Align
      </Button>
      <div className={classes.small}>You can read on meanwhile.</div>
    </Stack>
  );
}

function Running({ one }: { one: Registration }) {
  const waiting = one.phase === "waiting" || one.share === null;
  return (
    <Group gap={8} wrap="nowrap" role="status">
      {waiting ? (
        <Text size="xs" c="dimmed">
          {one.phase === "loading" ? "Reading the images…" : "Waiting for a worker…"}
        </Text>
      ) : (
        <Progress
          value={100 * (one.share ?? 0)}
          style={{ flex: 1 }}
          aria-label={`Aligned ${Math.round(100 * (one.share ?? 0))} %`}
        />
      )}
      <Button size="compact-xs" variant="subtle" onClick={() => cancelRegistration(one.id).catch(report)}>
        Stop
      </Button>
    </Group>
  );
}

/** How the alignment lies over the image, its numbers in words, and the word of a person. */
function Shown({ one }: { one: Registration }) {
  const { way, alone, opacity } = useRegistration();
  return (
    <Stack gap={6} mt={6}>
      <div className={classes.chips}>
        {ways.map((each) => (
          <button
            key={each}
            type="button"
            className={classes.chip}
            data-chosen={!alone && way === each}
            aria-pressed={!alone && way === each}
            data-testid={`align-${each}`}
            onClick={() => useRegistration.setState({ way: each, alone: false })}
          >
            {wayWords[each]}
          </button>
        ))}
        <button
          type="button"
          className={classes.chip}
          data-chosen={alone}
          aria-pressed={alone}
          data-testid="align-flicker"
          onClick={() => performById("align.flicker")}
        >
          Flicker <span className={classes.key}>P</span>
        </button>
      </div>
      {!alone && way !== "checkerboard" ? (
        <Slider
          size="sm"
          min={0.05}
          max={1}
          step={0.05}
          label={null}
          thumbLabel="Opacity of the other series"
          value={opacity}
          onChange={(value) => useRegistration.setState({ opacity: value })}
        />
      ) : null}
      <strong className={classes.small} data-testid="align-standing">
        {one.verdict ? standingWords[one.verdict.standing] : ""}
      </strong>
      {whyOf(one).map((sentence) => (
        <div key={sentence} className={classes.small}>
          {sentence}
        </div>
      ))}
      <Group gap={6}>
        <Button
          size="compact-xs"
          variant="default"
          disabled={one.outdated || one.word === "accepted"}
          data-testid="align-accept"
          rightSection={<span className={classes.key}>⇧T</span>}
          onClick={() => performById("align.accept")}
        >
          Accept
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          disabled={one.word === "rejected"}
          data-testid="align-reject"
          rightSection={<span className={classes.key}>⇧N</span>}
          onClick={() => performById("align.reject")}
        >
          Reject
        </Button>
      </Group>
    </Stack>
  );
}

function lookAt(one: Registration): void {
  showRegistration(one.id);
  void openSeries(useReadingUi.getState().activePane, one.fixed.series_instance_uid);
}

function AlignmentRow({ one }: { one: Registration }) {
  const shown = useRegistration((state) => state.shownId === one.id);
  const problem = useRegistration((state) => state.problems[one.id]);
  const last = one.decisions.at(-1);
  return (
    <li
      className={layerClasses.layer}
      data-testid="alignment"
      data-state={one.state}
      data-word={one.word ?? ""}
    >
      <div className={layerClasses.layerHead}>
        <Text size="xs">{seriesWords(one.moving)}</Text>
        {one.state === "finished" ? (
          <UnstyledButton
            className={layerClasses.layerGo}
            data-testid="align-show"
            onClick={() => (shown ? showRegistration(null) : lookAt(one))}
          >
            {shown ? "Take away" : "Look"}
          </UnstyledButton>
        ) : null}
      </div>
      <div className={classes.small}>
        onto {seriesWords(one.fixed)}. {methodWords[one.method]}.
      </div>
      {one.state === "requested" ? <Running one={one} /> : null}
      {one.state === "failed" ? (
        <div className={classes.small} role="alert">
          {one.error_code === "job_cancelled"
            ? "Stopped. Ask again to have it computed."
            : `It came to nothing (${one.error_code}). Ask again, or choose another pair.`}
        </div>
      ) : null}
      {one.state === "finished" ? (
        <div className={classes.small}>
          {wordOf(one)}
          {last ? ` by ${last.decided_by.display_name}${last.reason ? `: ${last.reason}` : ""}` : ""}
          {one.outdated ? ". A series has changed since: align again." : ""}
        </div>
      ) : null}
      {problem ? (
        <Alert color="red" p="xs">
          {problem}
        </Alert>
      ) : null}
      {shown ? <Shown one={one} /> : null}
    </li>
  );
}

/** Lay another series of the patient onto the one on the screen; see how it lies; accept or reject it. */
export function AlignPanel() {
  const list = useRegistration((state) => state.list);
  return (
    <>
      <div className={classes.heading}>Lay another series onto this one</div>
      <AlignForm />
      {list.length > 0 ? <div className={classes.heading}>Alignments of this case</div> : null}
      <ul className={layerClasses.layers}>
        {list.map((one) => (
          <AlignmentRow key={one.id} one={one} />
        ))}
      </ul>
    </>
  );
}
