import { Alert, Button, Group, Loader, Modal, Select, Stack, Switch, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { asApiError } from "../../api/errors";
import { estimateQuery, proposalQuery, requestTraining } from "../../api/models";
import { snapshotsQuery } from "../../api/snapshots";
import type { FamilyOut, TrainingEstimateOut } from "../../api/types";
import { useLabelNames } from "../../state/label-names";
import { type Beginning, configWith, proposedBy } from "../../state/proposed-settings";
import type { Chosen } from "../../state/training-settings";
import { ErrorLines } from "../../ui/error-lines";
import { formatCount, formatDuration } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { notifyError } from "../../ui/notify";
import { useQuestion } from "../../ui/recipe-choice";
import { PreviewDialog } from "./preview-dialog";
import { ProofLines } from "./proof-lines";
import { ProposalPanel } from "./proposal-panel";
import { ResourceLines } from "./resource-lines";
import { TrainingFields } from "./training-fields";

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
    (row) =>
      row.question === family.question && family.label_keys.every((key) => row.label_keys.includes(key)),
  );
  const nameOf = useLabelNames(family.project);
  const asks = useQuestion(family.question);
  const [chosen, setChosen] = useState<string | null>(wanted ?? null);
  const snapshotId = chosen ?? fitting[0]?.id ?? "";
  const [settings, setSettings] = useState<Chosen>({});
  const [more, setMore] = useState(false);
  const [reason, setReason] = useState("");
  const [beginning, setBeginning] = useState<Beginning>("cases");
  const [looking, setLooking] = useState(false);
  const proposal = useQuery({
    ...proposalQuery(family.id, snapshotId),
    enabled: opened && snapshotId !== "",
  });
  const proposed = proposedBy(proposal.data, beginning, settings);
  const config = configWith(proposed, settings);
  const digest = Object.keys(proposed).length > 0 ? (proposal.data?.digest ?? "") : "";
  const [settled] = useDebouncedValue(config, 400);
  const estimate = useQuery({
    ...estimateQuery(family.id, snapshotId, settled),
    enabled: opened && snapshotId !== "",
  });
  const warm = settings.warm_start === true;
  const warmStart = family.training_settings.find((entry) => entry.name === "warm_start");
  const asked = (first: boolean) =>
    family.training_settings.filter(
      (entry) => (entry.usual || entry.name in proposed) === first && entry !== warmStart,
    );
  const start = useMutation({
    mutationFn: () => requestTraining(family.id, snapshotId, config, reason.trim(), digest),
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
      // Escape closes the pictures first.
      closeOnEscape={!looking}
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
              Freeze one that asks for {asks?.title.toLowerCase()}, with the labels{" "}
              {family.label_keys.map(nameOf).join(", ")} under{" "}
              <TextLink to="/datasets" search={{ project: family.project }}>
                Datasets
              </TextLink>
              .
            </Alert>
          ) : null}
          {snapshotId === "" ? null : (
            <ProposalPanel
              familyId={family.id}
              snapshotId={snapshotId}
              proposal={proposal}
              beginning={beginning}
              onBegin={(begin) => {
                setBeginning(begin);
                setSettings({});
              }}
            />
          )}
          <TrainingFields
            entries={asked(true)}
            chosen={settings}
            proposed={proposed}
            usual={estimate.data?.config}
            onChange={setSettings}
          />
          <Button
            variant="subtle"
            size="compact-sm"
            aria-expanded={more}
            onClick={() => setMore(!more)}
            data-testid="train-more"
          >
            {more ? "Fewer settings" : `${asked(false).length} more settings`}
          </Button>
          {more ? (
            <TrainingFields
              entries={asked(false)}
              chosen={settings}
              proposed={proposed}
              usual={estimate.data?.config}
              onChange={setSettings}
            />
          ) : null}
          <Switch
            label={family.live ? `Start from version ${family.live.number}` : "Start from the live version"}
            description={warmStart?.description}
            disabled={!estimate.data?.warm_start_possible}
            checked={warm}
            onChange={(event) => setSettings({ ...settings, warm_start: event.currentTarget.checked })}
            data-testid="train-warm"
          />
          {warm && estimate.data?.warm_start_warning ? (
            <Alert color="yellow" title="It learned from somebody withdrawn" data-testid="train-warm-warning">
              {estimate.data.warm_start_warning}
            </Alert>
          ) : null}
          <EstimateLine estimate={estimate} />
          {estimate.data ? (
            <ResourceLines
              estimate={estimate.data}
              onTake={(changes) => setSettings({ ...settings, ...changes })}
            />
          ) : null}
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
            <Button
              variant="default"
              mr="auto"
              disabled={snapshotId === "" || !estimate.isSuccess}
              onClick={() => setLooking(true)}
              data-testid="train-preview"
            >
              What the network sees
            </Button>
            <Button variant="default" onClick={onClose}>
              Not now
            </Button>
            <Button
              type="submit"
              loading={start.isPending}
              disabled={snapshotId === "" || reason.trim() === "" || estimate.data?.fits === false}
              data-testid="train-start"
            >
              Start training
            </Button>
          </Group>
        </Stack>
      </form>
      {looking ? (
        <PreviewDialog
          family={family}
          snapshotId={snapshotId}
          config={config}
          onClose={() => setLooking(false)}
        />
      ) : null}
    </Modal>
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
