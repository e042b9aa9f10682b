import { Alert, Button, Code, Group, Progress, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { live } from "../../api/live";
import { cancelTraining, modelsQuery, resumeTraining, trainingQuery } from "../../api/models";
import type { TrainingRunOut } from "../../api/types";
import { useLabelNames } from "../../state/label-names";
import { may, useMay, useMe } from "../../state/session";
import type { TrainingNumbers } from "../../state/training-progress";
import { valueWords } from "../../state/training-settings";
import { useConfirm } from "../../ui/confirm";
import {
  formatAgo,
  formatCount,
  formatDuration,
  formatFigure,
  formatPercent,
  formatWords,
} from "../../ui/format";
import { ButtonLink, TextLink } from "../../ui/links";
import { notifyDone, notifyError } from "../../ui/notify";
import { Facts, PageBody, Panel } from "../../ui/page";
import { Failed, Forbidden, Loading } from "../../ui/page-states";
import { useRecipe } from "../../ui/recipe-choice";
import { StateBadge } from "../../ui/state-badge";
import { TrainingCurves } from "./training-curves";

const route = getRouteApi("/app/training/$trainingId");

export function TrainingPage() {
  const { trainingId } = route.useParams();
  const allowed = useMay("training.read");
  const run = useQuery({
    ...trainingQuery(trainingId),
    enabled: allowed,
    // The line brings the numbers; this is for when the line is down.
    refetchInterval: (query) => (isActive(query.state.data) ? 10_000 : false),
  });
  const progress = useLiveProgress(trainingId, run.data);
  if (!allowed) {
    return <Forbidden what="Seeing trainings" />;
  }
  if (run.isPending) {
    return <Loading what="the training" />;
  }
  if (run.isError) {
    return <Failed error={run.error} what="the training" onRetry={() => void run.refetch()} />;
  }
  return <Training run={run.data} progress={progress} />;
}

function isActive(run: TrainingRunOut | undefined): boolean {
  return run?.state === "queued" || run?.state === "running";
}

/** The latest numbers: those of the answer, then those that events bring; `null` before the first. */
function useLiveProgress(id: string, run: TrainingRunOut | undefined): TrainingNumbers | null {
  const queries = useQueryClient();
  const [heard, setHeard] = useState<TrainingNumbers | null>(null);
  useEffect(() => {
    setHeard(null);
    let said = "";
    return live.on("training.changed", (event) => {
      if (event.object_id !== id) {
        return;
      }
      const { phase, numbers } = event.detail;
      if (numbers) {
        setHeard(numbers);
      }
      // A new epoch or phase has more to tell than the event carries: curves, version, error.
      const now = [phase, numbers?.phase, numbers?.epoch].join(" ");
      if (now !== said) {
        said = now;
        void queries.invalidateQueries({ queryKey: ["training", id] });
      }
    });
  }, [id, queries]);
  return heard && isActive(run) ? heard : (run?.progress ?? null);
}

function Training({ run, progress }: { run: TrainingRunOut; progress: TrainingNumbers | null }) {
  const me = useMe();
  const families = useQuery(modelsQuery(undefined));
  const project = families.data?.find((family) => family.id === run.family.id)?.project;
  const card = useRecipe(String(run.config?.recipe));
  const titles = new Map(card?.settings.map((entry) => [entry.name, entry.title]));
  const nameOf = useLabelNames(project);
  const active = isActive(run);
  return (
    <PageBody
      testId="training-page"
      title={
        <Group gap="sm">
          Training of {run.family.title} <StateBadge state={run.state} />
        </Group>
      }
      about={run.reason || undefined}
      actions={may(me, "training.request", project) ? <Actions run={run} /> : null}
    >
      {run.error ? (
        <Alert
          color={run.state === "cancelled" ? "orange" : "red"}
          title="It stopped"
          data-testid="training-error"
        >
          {run.error.message} <Code>{run.error.code}</Code>
          <Text size="sm" mt={4}>
            {run.curves.length > 0
              ? "What was learned up to the last checkpoint is kept: Resume goes on from there."
              : "No epoch was finished, so nothing is kept: Resume begins anew."}
          </Text>
        </Alert>
      ) : null}
      {run.state === "succeeded" ? <Outcome run={run} project={project} /> : null}
      <Panel title={active ? "Now" : "How it ended"} testId="training-progress">
        <ProgressLines progress={progress} active={active} />
      </Panel>
      <TrainingCurves curves={run.curves} active={active} />
      <Panel title="What it learns from">
        <Facts
          rows={[
            ["Family", <FamilyLink key="family" run={run} project={project} />],
            ["Snapshot", <SnapshotLink key="snapshot" run={run} project={project} />],
            [
              "Began with",
              run.parent ? `the weights of version ${run.parent.number}` : "nothing learned before",
            ],
            ["Started", formatAgo(run.created_at)],
            ["By", run.requested_by?.display_name ?? "–"],
            ...leftOut(run, nameOf),
            ...proposedWords(run, titles),
            ...Object.entries(run.config)
              .filter(([, value]) => typeof value !== "object" || value === null || Array.isArray(value))
              .map(([name, value]): [string, string] => [
                titles.get(name) ?? formatWords(name),
                settingWords(name, value, nameOf),
              ]),
          ]}
        />
      </Panel>
    </PageBody>
  );
}

/** How many images of each part say nothing of what is learned, so that they were left out; once it is known. */
function leftOut(run: TrainingRunOut, nameOf: (key: string) => string): [string, string][] {
  const silent = (run.environment as Record<string, unknown> | null)?.says_nothing_of_the_labels;
  if (typeof silent !== "object" || silent === null) {
    return [];
  }
  const parts = Object.entries(silent).map(([part, count]) => `${formatCount(Number(count))} of ${part}`);
  const labels = Array.isArray(run.config?.labels) ? run.config.labels.map(String).map(nameOf) : [];
  return [
    ["Left out", `${parts.join(", ")}: nothing is said of ${labels.join(", ") || "its labels"} in them`],
  ];
}

/** What the snapshot's cases asked for, and what was chosen otherwise; nothing where it began with the preset. */
function proposedWords(run: TrainingRunOut, titles: Map<string, string>): [string, string][] {
  if (!run.proposed.settings) {
    return [];
  }
  const said = (name: string) =>
    titles.get(name.split(".")[0] ?? "") ?? titles.get(name) ?? formatWords(name);
  const changed = Object.entries(run.proposed.changed ?? {}).map(
    ([name, one]) => `${said(name)}: ${valueWords(one.chosen)} instead of ${valueWords(one.proposed)}`,
  );
  const names = run.proposed.settings.map((one) => said(one.name)).join(", ");
  return [
    ["Proposed by its cases", names || "nothing other than the preset"],
    ["Chosen otherwise", changed.join("; ") || "nothing"],
  ];
}

function settingWords(name: string, value: unknown, nameOf: (key: string) => string): string {
  if (Array.isArray(value)) {
    return name === "image_shape" ? value.join(" × ") : value.map((one) => nameOf(String(one))).join(", ");
  }
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value ?? "–");
}

function FamilyLink({ run, project }: { run: TrainingRunOut; project: string | undefined }) {
  return (
    <TextLink
      to="/models/$family"
      params={{ family: run.family.slug }}
      search={project ? { project } : {}}
      size="sm"
    >
      {run.family.title}
    </TextLink>
  );
}

function SnapshotLink({ run, project }: { run: TrainingRunOut; project: string | undefined }) {
  return (
    <TextLink
      to="/datasets"
      search={{ snapshot: run.snapshot.id, ...(project ? { project } : {}) }}
      size="sm"
    >
      {run.snapshot.name}
    </TextLink>
  );
}

function Actions({ run }: { run: TrainingRunOut }) {
  const queries = useQueryClient();
  const confirm = useConfirm();
  const fresh = () => void queries.invalidateQueries({ queryKey: ["training"] });
  const cancel = useMutation({
    mutationFn: () => cancelTraining(run.id),
    onSuccess: () => {
      notifyDone("Cancelling; it stops within ten seconds.");
      fresh();
    },
    onError: (error) => notifyError(error, "Could not cancel"),
  });
  const resume = useMutation({
    mutationFn: () => resumeTraining(run.id),
    onSuccess: () => {
      notifyDone("Going on from the last checkpoint.");
      fresh();
    },
    onError: (error) => notifyError(error, "Could not resume"),
  });
  if (isActive(run)) {
    return (
      <Button
        color="red"
        variant="default"
        loading={cancel.isPending}
        disabled={run.cancel_requested}
        data-testid="training-cancel"
        onClick={() =>
          confirm({
            title: "Cancel this training?",
            body: "It stops within ten seconds. The last checkpoint is kept, so it can be resumed.",
            yes: "Cancel it",
            danger: true,
            onYes: () => cancel.mutate(),
          })
        }
      >
        {run.cancel_requested ? "Cancelling…" : "Cancel"}
      </Button>
    );
  }
  return run.state === "failed" || run.state === "cancelled" ? (
    <Button loading={resume.isPending} onClick={() => resume.mutate()} data-testid="training-resume">
      Resume
    </Button>
  ) : null;
}

function Outcome({ run, project }: { run: TrainingRunOut; project: string | undefined }) {
  return (
    <Alert color="green" title="A new version was made" data-testid="training-outcome">
      <Group gap="sm">
        {run.report_id ? (
          <>
            <Text size="sm">It was measured on the locked test part.</Text>
            <ButtonLink
              to="/reports/$reportId"
              params={{ reportId: run.report_id }}
              size="compact-xs"
              data-testid="training-report"
            >
              Look at the report
            </ButtonLink>
          </>
        ) : (
          <Text size="sm">
            It is being measured on the locked test part; the report appears here by itself.
          </Text>
        )}
        <FamilyLink run={run} project={project} />
      </Group>
    </Alert>
  );
}

/** How much of an epoch's steps goes by waiting for the next images: the loader's share. */
function loaderWords(progress: TrainingNumbers | null): string {
  const share = progress?.loader_share ?? null;
  return share === null ? "–" : `${formatPercent(share, share < 0.1 ? 1 : 0)} of the time`;
}

function ProgressLines({ progress, active }: { progress: TrainingNumbers | null; active: boolean }) {
  const share = progress?.share ?? null;
  const stepsOf = progress?.phase === "preparing" ? "Images read" : "Step";
  const left = progress?.eta_seconds ?? null;
  return (
    <Stack gap="sm">
      {active ? (
        <Progress
          value={(share ?? 0) * 100}
          striped={share === null}
          animated
          size="md"
          aria-label="Share of the training that is done"
        />
      ) : null}
      {(progress?.notes ?? []).map((note) => (
        <Alert key={note} color="yellow" py={6} data-testid="training-note">
          {note}
        </Alert>
      ))}
      <Facts
        rows={[
          ["Phase", progress ? formatWords(progress.phase) : active ? "Waiting for a worker" : "–"],
          ["Epoch", progress ? `${progress.epoch} of ${progress.epochs}` : "–"],
          [stepsOf, progress?.steps ? `${progress.step} of ${progress.steps}` : "–"],
          ["Done", active ? formatPercent(share) : "–"],
          ["Time left", active && left !== null ? formatDuration(left) : "–"],
          ["Time spent", progress ? formatDuration(progress.elapsed_seconds) : "–"],
          ["Waiting for images", loaderWords(progress)],
          [
            progress?.metric_name ? formatWords(progress.metric_name) : "Metric",
            formatFigure(progress?.metric ?? null),
          ],
          ...Object.entries(progress?.losses ?? {}).map(([name, loss]): [string, string] => [
            formatWords(name),
            formatFigure(loss, 4),
          ]),
        ]}
      />
    </Stack>
  );
}
