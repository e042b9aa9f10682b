import {
  Accordion,
  Alert,
  Button,
  Grid,
  Group,
  Loader,
  Modal,
  NumberInput,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { asApiError } from "../../api/errors";
import { estimateQuery, requestTraining, type TrainingConfig } from "../../api/models";
import { snapshotsQuery } from "../../api/snapshots";
import type { FamilyOut, TrainingEstimateOut } from "../../api/types";
import { useLabelNames } from "../../state/label-names";
import { type OfferedSetting, offeredSettings } from "../../state/training-settings";
import { ErrorLines } from "../../ui/error-lines";
import { formatCount, formatDuration } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { notifyError } from "../../ui/notify";
import { ProofLines } from "./proof-lines";

/** Choose snapshot and settings, see how long it will take, say why, and start. */
export function TrainDialog({
  family,
  wanted,
  opened,
  onClose,
}: {
  family: FamilyOut;
  /** The snapshot that the address asks for. */
  wanted?: string | undefined;
  opened: boolean;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const snapshots = useQuery({ ...snapshotsQuery(family.project), enabled: opened });
  const fitting = (snapshots.data ?? []).filter(
    (row) => row.recipe === family.recipe && family.label_keys.every((key) => row.label_keys.includes(key)),
  );
  const nameOf = useLabelNames(family.project);
  const [chosen, setChosen] = useState<string | null>(wanted ?? null);
  const snapshotId = chosen ?? fitting[0]?.id ?? "";
  const [values, setValues] = useState<Record<string, number>>({});
  const [reason, setReason] = useState("");
  const [preset, setPreset] = useState(family.training_defaults.preset === "standard" ? "standard" : "tiny");
  const [warm, setWarm] = useState(false);
  const [rejects, setRejects] = useState(true);
  const [half, setHalf] = useState(true);
  const [again, setAgain] = useState(false);
  const offered = offeredSettings(family.training_defaults, family.training_limits);
  const config: TrainingConfig = {
    ...values,
    ...("preset" in family.training_defaults ? { preset } : {}),
    ...(warm ? { warm_start: true } : {}),
    ...(rejects ? {} : { rejected_places: false }),
    ...(half ? {} : { mixed_precision: false }),
    ...(again ? { gradient_checkpointing: true } : {}),
  };
  const [settled] = useDebouncedValue(config, 400);
  const estimate = useQuery({
    ...estimateQuery(family.id, snapshotId, settled),
    enabled: opened && snapshotId !== "",
  });
  const start = useMutation({
    mutationFn: () => requestTraining(family.id, snapshotId, config, reason.trim()),
    onSuccess: (run) => {
      void queries.invalidateQueries({ queryKey: ["training"] });
      onClose();
      void navigate({ to: "/training/$trainingId", params: { trainingId: run.id } });
    },
    onError: (error) => notifyError(error, "Could not start the training"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate();
  };
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Train a new version of ${family.title}`}
      size="xl"
      yOffset="4vh"
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Select
            label="Snapshot to learn from"
            required
            data={fitting.map((row) => ({
              value: row.id,
              label: `${row.name} (${formatCount(row.counts.cases)} images)`,
            }))}
            value={snapshotId || null}
            onChange={setChosen}
            placeholder={snapshots.isPending ? "Loading…" : "None fits"}
            data-testid="train-snapshot"
          />
          {snapshots.isSuccess && fitting.length === 0 ? (
            <Alert color="yellow" title="No snapshot fits this family">
              Freeze one with the recipe {family.recipe} and the labels{" "}
              {family.label_keys.map(nameOf).join(", ")} under{" "}
              <TextLink to="/datasets" search={{ project: family.project }}>
                Datasets
              </TextLink>
              .
            </Alert>
          ) : null}
          <Grid>
            {offered
              .filter((setting) => !setting.more)
              .map((setting) => (
                <SettingInput key={setting.name} setting={setting} values={values} onValues={setValues} />
              ))}
            <Grid.Col span={{ base: 6, md: 4 }}>
              <Select
                label="Network"
                description="Standard sees more but takes several times as long."
                data={[
                  { value: "tiny", label: "Tiny: minutes on a CPU" },
                  { value: "standard", label: "Standard: wants a GPU" },
                ]}
                value={preset}
                onChange={(value) => setPreset(value ?? "tiny")}
              />
            </Grid.Col>
            <Grid.Col span={{ base: 6, md: 4 }}>
              <Switch
                mt="lg"
                label={
                  family.live ? `Start from version ${family.live.number}` : "Start from the live version"
                }
                description="Faster; keeps its habits too. Needs a live version of the same network."
                disabled={!estimate.data?.warm_start_possible}
                checked={warm}
                onChange={(event) => setWarm(event.currentTarget.checked)}
                data-testid="train-warm"
              />
            </Grid.Col>
            <Grid.Col span={{ base: 6, md: 4 }}>
              <Switch
                mt="lg"
                label="Learn from rejected places"
                description="Where reviewers said that an outline was in the wrong place."
                checked={rejects}
                onChange={(event) => setRejects(event.currentTarget.checked)}
                data-testid="train-rejected-places"
              />
            </Grid.Col>
          </Grid>
          <Accordion variant="contained" chevronPosition="left">
            <Accordion.Item value="more">
              <Accordion.Control data-testid="train-more">More settings</Accordion.Control>
              <Accordion.Panel>
                <Grid>
                  {offered
                    .filter((setting) => setting.more)
                    .map((setting) => (
                      <SettingInput
                        key={setting.name}
                        setting={setting}
                        values={values}
                        onValues={setValues}
                      />
                    ))}
                  <Grid.Col span={{ base: 6, md: 4 }}>
                    <Switch
                      mt="lg"
                      label="Gradient checkpointing"
                      description="Computes more often instead of remembering: less memory, a third more time."
                      checked={again}
                      onChange={(event) => setAgain(event.currentTarget.checked)}
                      data-testid="train-gradient_checkpointing"
                    />
                  </Grid.Col>
                  <Grid.Col span={{ base: 6, md: 4 }}>
                    <Switch
                      mt="lg"
                      label="Half precision on a GPU"
                      description="Faster and in less memory there; a CPU always computes in full."
                      checked={half}
                      onChange={(event) => setHalf(event.currentTarget.checked)}
                      data-testid="train-mixed_precision"
                    />
                  </Grid.Col>
                </Grid>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
          {warm && estimate.data?.warm_start_warning ? (
            <Alert color="yellow" title="It learned from somebody withdrawn" data-testid="train-warm-warning">
              {estimate.data.warm_start_warning}
            </Alert>
          ) : null}
          <EstimateLine estimate={estimate} />
          <Textarea
            label="Why train now?"
            description="Kept with the run, your name and the snapshot's digest."
            required
            autosize
            minRows={2}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-testid="train-reason"
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Not now
            </Button>
            <Button
              type="submit"
              loading={start.isPending}
              disabled={snapshotId === "" || reason.trim() === ""}
              data-testid="train-start"
            >
              Start training
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** A number that may be changed; empty it is the default. */
function SettingInput({
  setting,
  values,
  onValues,
}: {
  setting: OfferedSetting;
  values: Record<string, number>;
  onValues: (values: Record<string, number>) => void;
}) {
  return (
    <Grid.Col span={{ base: 6, md: 4 }}>
      <NumberInput
        label={setting.label}
        description={setting.help}
        min={setting.min}
        max={setting.max}
        step={setting.step}
        decimalScale={setting.decimals}
        value={values[setting.name] ?? ""}
        placeholder={`${setting.initial} (default)`}
        onChange={(value) => {
          const { [setting.name]: _old, ...others } = values;
          onValues(value === "" ? others : { ...others, [setting.name]: Number(value) });
        }}
        data-testid={`train-${setting.name}`}
      />
    </Grid.Col>
  );
}

function EstimateLine({
  estimate,
}: {
  estimate: { data?: TrainingEstimateOut; isFetching: boolean; isError: boolean; error: unknown };
}) {
  if (estimate.isError) {
    return (
      <Alert color="yellow" title="No estimate">
        <ErrorLines error={asApiError(estimate.error)} />
      </Alert>
    );
  }
  const facts = estimate.data;
  if (!facts) {
    return estimate.isFetching ? (
      <Group gap="xs">
        <Loader size="xs" />
        <Text size="sm">Estimating the time…</Text>
      </Group>
    ) : null;
  }
  return (
    <Alert color="signal" title={`About ${formatDuration(facts.seconds)}`} data-testid="train-estimate">
      <Text size="sm">
        {formatDuration(facts.seconds_low)} to {formatDuration(facts.seconds_high)} of computing:{" "}
        {formatCount(facts.steps)} steps over {formatCount(facts.training_cases)} cases, measured on{" "}
        {formatCount(facts.test_cases)} locked test cases. Readers can go on working meanwhile.
      </Text>
      {facts.sentences.map((sentence) => (
        <Text key={sentence} size="sm">
          {sentence}
        </Text>
      ))}
      <ProofLines proof={facts.proof} plan={facts.plan} />
      {facts.look_sentence ? (
        <Text size="sm" mt={6} data-testid="next-look">
          Its report: {facts.look_sentence.charAt(0).toLowerCase() + facts.look_sentence.slice(1)}
        </Text>
      ) : null}
    </Alert>
  );
}
