import { Alert, Button, Checkbox, Grid, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconSnowflake } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { modelsQuery, type TestPatients } from "../../api/models";
import {
  freezeSnapshot,
  isUnderWay,
  openRequestsQuery,
  previewRequestQuery,
  questionsQuery,
  snapshotRequestQuery,
} from "../../api/snapshots";
import type { LabelOut, ProjectOut, SnapshotPreviewOut, SnapshotRequestOut } from "../../api/types";
import { formatInstant } from "../../ui/format";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { labelsFor, QuestionChoice, useQuestion } from "../../ui/recipe-choice";
import { ProofOfPatients } from "../models/proof-lines";
import { CountsTable, Missing } from "./counts-view";
import { RequestProgress } from "./request-progress";
import { TestGap } from "./test-gap";

/** Choose question and labels, see what would be in it, and freeze it under a name. */
export function FreezePanel({ project }: { project: ProjectOut }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const questions = useQuery(questionsQuery).data;
  const [asking, setAsking] = useState<string | null>(null);
  const question = asking ?? questions?.[0]?.name ?? "";
  const [picked, setPicked] = useState<string[] | null>(null);
  const [name, setName] = useState("");
  const labels = labelsFor(useQuestion(question), project.labels);
  // Until somebody picks: what the models of this project learn, else every label.
  const families = useQuery(modelsQuery(project.slug));
  const learned = (families.data ?? [])
    .filter((family) => family.question === question)
    .flatMap((family) => family.label_keys);
  const keys = labels
    .map((label) => label.key)
    .filter((key) => (picked ?? (learned.length > 0 ? learned : [key])).includes(key));
  const fitting = (families.data ?? []).filter(
    (family) => family.question === question && family.label_keys.every((key) => keys.includes(key)),
  );
  const [cases, setCases] = useState(0);
  const asked = useQuery({
    ...previewRequestQuery(project.slug, question, keys, cases),
    placeholderData: keepPreviousData,
  });
  const counting = useQuery(snapshotRequestQuery(asked.data?.id ?? ""));
  const counted = useLastCounts(counting.data);
  useEffect(() => setCases((before) => counting.data?.of || before), [counting.data?.of]);
  const [freezing, setFreezing] = useState("");
  const frozen = useQuery(snapshotRequestQuery(freezing));
  const open = useQuery(openRequestsQuery(project.slug));
  const freezes = (open.data ?? []).filter((row) => row.kind === "freeze");
  const freeze = useMutation({
    mutationFn: () => freezeSnapshot(project.slug, name.trim(), question, keys),
    onSuccess: (request) => {
      setFreezing(request.id);
      void queries.invalidateQueries({ queryKey: ["snapshot-requests"] });
    },
    onError: (error) => notifyError(error, "Could not freeze the snapshot"),
  });
  const over = frozen.data && !isUnderWay(frozen.data) ? frozen.data : null;
  useEffect(() => {
    if (!over) {
      return;
    }
    setFreezing("");
    void queries.invalidateQueries({ queryKey: ["snapshots"] });
    void queries.invalidateQueries({ queryKey: ["snapshot-requests", "open"] });
    if (!over.snapshot) {
      notifyNot(over);
      return;
    }
    notifyDone(
      over.snapshot.name === over.name
        ? `“${over.snapshot.name}” is frozen.`
        : `Nothing has changed since: this is frozen already, as “${over.snapshot.name}”.`,
    );
    setName("");
    void navigate({ to: "/datasets", search: { project: project.slug, snapshot: over.snapshot.id } });
  }, [over, queries, navigate, project.slug]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    freeze.mutate();
  };
  if (families.isPending || !questions) {
    return <Loading what="what can be frozen" />;
  }
  return (
    <Panel title="Freeze a new snapshot" testId="freeze-panel">
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, md: 4 }}>
          <form onSubmit={submit}>
            <Stack gap="sm">
              <QuestionChoice
                value={question}
                onChange={(name) => {
                  setAsking(name);
                  setPicked(null);
                }}
                testId="freeze-question"
              />
              <Checkbox.Group label="Labels" value={keys} onChange={setPicked}>
                <Stack gap={6} mt={4}>
                  {labels.map((label) => (
                    <Checkbox key={label.key} value={label.key} label={label.code_meaning} />
                  ))}
                  {labels.length === 0 ? (
                    <Text size="xs" c="dimmed">
                      This project has no such label. Add one under Projects.
                    </Text>
                  ) : null}
                </Stack>
              </Checkbox.Group>
              <TextInput
                label="Name"
                placeholder="after the first round of corrections"
                required
                maxLength={120}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                data-testid="freeze-name"
              />
              <Group>
                <Button
                  type="submit"
                  leftSection={<IconSnowflake size={14} aria-hidden />}
                  loading={freeze.isPending || freezing !== ""}
                  disabled={!counted?.ready || isUnderWay(counting.data) || keys.length === 0}
                  data-testid="freeze-submit"
                >
                  Freeze
                </Button>
                <Text size="xs" c="dimmed">
                  Cannot be changed afterwards.
                </Text>
              </Group>
            </Stack>
          </form>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }}>
          {keys.length === 0 ? <Empty title="Choose at least one label" /> : null}
          <Stack gap="sm">
            {freezes.map((request) => (
              <RequestProgress key={request.id} request={request} what={`Freezing “${request.name}”`} />
            ))}
            {asked.isError ? (
              <Failed error={asked.error} what="the counts" onRetry={() => void asked.refetch()} />
            ) : null}
            {keys.length > 0 && counting.data && isUnderWay(counting.data) ? (
              <RequestProgress request={counting.data} what="What would be in it" />
            ) : null}
            {counting.data?.error ? (
              <Alert color="red" title="Could not be counted">
                {counting.data.error.message}
              </Alert>
            ) : null}
            {keys.length > 0 && asked.isPending ? <Loading what="the counts" /> : null}
            {keys.length > 0 && counted ? (
              <Stack gap="sm" data-testid="snapshot-preview">
                <CountsTable
                  counts={counted.counts}
                  labels={labels.filter((label) => counted.label_keys.includes(label.key)).map(shown)}
                  project={project.slug}
                />
                <Missing sentences={counted.missing} />
                <TestGap
                  counts={counted.counts}
                  labels={labels.filter((label) => counted.label_keys.includes(label.key)).map(shown)}
                  families={families.data ?? []}
                  project={project.slug}
                  request={counting.data?.id ?? ""}
                  unblind={counted.wants_blind_reading > 0}
                />
                {counted.notes.map((note) => (
                  <Text key={note} size="xs" c="dimmed" data-testid="preview-note">
                    {note}
                  </Text>
                ))}
                {fitting.map((family) => (
                  <ProofOfPatients
                    key={family.id}
                    family={family}
                    patients={testPatients(counted.counts.splits.test.labels, family.label_keys)}
                  />
                ))}
              </Stack>
            ) : null}
            {keys.length > 0 && counting.data && !isUnderWay(counting.data) ? (
              <Group gap="xs">
                <Text size="xs" c="dimmed">
                  Asked {formatInstant(counting.data.created_at)}.
                </Text>
                <Button
                  variant="subtle"
                  size="compact-xs"
                  onClick={() => void asked.refetch()}
                  data-testid="count-again"
                >
                  Count again
                </Button>
              </Group>
            ) : null}
          </Stack>
        </Grid.Col>
      </Grid>
    </Panel>
  );
}

/** The counts that were shown last, kept on the screen while they are counted anew. */
function useLastCounts(request: SnapshotRequestOut | undefined) {
  const [last, setLast] = useState<SnapshotPreviewOut | null>(null);
  useEffect(() => {
    if (request?.preview) {
      setLast(request.preview);
    }
  }, [request?.preview]);
  return request?.preview ?? last;
}

function notifyNot(request: SnapshotRequestOut) {
  if (request.state === "cancelled") {
    notifyDone(`Freezing “${request.name}” was stopped. Nothing was frozen.`);
  } else {
    notifyError(new Error(request.error?.message ?? ""), "Could not freeze the snapshot");
  }
}

export function shown(label: LabelOut): { key: string; color: string; name: string } {
  return { key: label.key, color: label.color, name: label.code_meaning };
}

/** How many test patients have each of the labels, and how many do not. */
function testPatients(
  counted: Record<string, { positive_patients?: number; negative_patients?: number }>,
  keys: string[],
): TestPatients {
  return Object.fromEntries(
    keys.map((key) => [
      key,
      { positive: counted[key]?.positive_patients ?? 0, negative: counted[key]?.negative_patients ?? 0 },
    ]),
  );
}
