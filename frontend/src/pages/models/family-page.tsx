import { Alert, Badge, Button, Code, Group, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { evaluateVersion, modelsQuery, promotionsQuery, rollBack } from "../../api/models";
import type { FamilyOut, PromotionOut, VersionOut } from "../../api/types";
import { useLabelNames } from "../../state/label-names";
import { may, useMe } from "../../state/session";
import { formatInstant, formatOrdinal, formatWords, shortDigest } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { notifyDone, notifyError } from "../../ui/notify";
import { Facts, PageBody, Panel } from "../../ui/page";
import { Empty, Failed, Forbidden, Loading } from "../../ui/page-states";
import { ReasonDialog } from "../../ui/reason-dialog";
import { StateBadge } from "../../ui/state-badge";
import { TableHead } from "../../ui/table-head";
import { PlanPanel } from "./plan-panel";
import { TrainDialog } from "./train-dialog";
import { TrainingTable } from "./training-table";

const route = getRouteApi("/app/models/$family");

export function FamilyPage() {
  const { family: name } = route.useParams();
  const { project, train } = route.useSearch();
  const me = useMe();
  const allowed = may(me, "model.read", project);
  const families = useQuery({ ...modelsQuery(project), enabled: allowed });
  if (!allowed) {
    return <Forbidden what="Seeing models" />;
  }
  if (families.isPending) {
    return <Loading what="the model" />;
  }
  if (families.isError) {
    return <Failed error={families.error} what="the model" onRetry={() => void families.refetch()} />;
  }
  const family = families.data.find((row) => row.slug === name || row.id === name);
  if (!family) {
    return (
      <Empty title="No such model family here">
        It may belong to another project: choose it in the bar above, or look at{" "}
        <TextLink to="/models">all models</TextLink>.
      </Empty>
    );
  }
  return <Family key={train} family={family} train={train} />;
}

function Family({ family, train }: { family: FamilyOut; train: string | undefined }) {
  const me = useMe();
  const queries = useQueryClient();
  const [training, setTraining] = useState(train !== undefined);
  const nameOf = useLabelNames(family.project);
  const [goingBack, setGoingBack] = useState(false);
  const mayTrain = may(me, "training.request", family.project);
  const mayPromote = may(me, "model.promote", family.project);
  const promotions = useQuery(promotionsQuery(family.id));
  const before = family.roll_back_to;
  const back = useMutation({
    mutationFn: (reason: string) => rollBack(family.id, reason),
    onSuccess: () => {
      notifyDone("Rolled back. Older findings keep the version that made them.");
      setGoingBack(false);
      void queries.invalidateQueries({ queryKey: ["models"] });
      void queries.invalidateQueries({ queryKey: ["promotions"] });
    },
    onError: (error) => notifyError(error, "Could not roll back"),
  });
  return (
    <PageBody
      testId="family-page"
      title={family.title}
      about={`${formatWords(family.recipe)} of ${family.label_keys.map(nameOf).join(", ")}`}
      actions={
        <>
          {mayPromote && family.live && before ? (
            <Button variant="default" onClick={() => setGoingBack(true)} data-testid="roll-back">
              Roll back to version {before.number}
            </Button>
          ) : null}
          {mayTrain ? (
            <Button onClick={() => setTraining(true)} data-testid="train-open">
              Train a new version
            </Button>
          ) : null}
        </>
      }
    >
      {family.live ? null : (
        <Alert color="yellow" title="No live version">
          Nothing is predicted for new cases. Train a version, look at its report, and promote it there.
        </Alert>
      )}
      <Panel title="Versions" testId="versions-panel">
        {family.versions.length === 0 ? (
          <Empty title="No version yet">Train the first one from a frozen snapshot.</Empty>
        ) : (
          <Table highlightOnHover>
            <TableHead of={["Version", "State", "Made", "Digest", "Learned from", "Training", "Report"]} />
            <Table.Tbody>
              {family.versions.map((version) => (
                <VersionLine
                  key={version.id}
                  version={version}
                  project={family.project}
                  mayEvaluate={mayTrain}
                />
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Panel>
      <PlanPanel family={family} mayDeclare={mayPromote} />
      <Panel title="Trainings">
        <TrainingTable project={family.project} familyId={family.id} />
      </Panel>
      <Panel title="Which version was live, and why" testId="promotions-panel">
        {promotions.isError ? <Failed error={promotions.error} what="the history" /> : null}
        {promotions.data?.length === 0 ? <Empty title="No version has been live yet" /> : null}
        {promotions.data && promotions.data.length > 0 ? <History rows={promotions.data} /> : null}
      </Panel>
      <Panel title="Facts">
        <Facts
          rows={[
            ["Project", family.project],
            ["Short name", family.slug],
            ["Recipe", family.recipe],
            ["Live version", family.live ? `version ${family.live.number}` : "none"],
          ]}
        />
      </Panel>
      <TrainDialog family={family} wanted={train} opened={training} onClose={() => setTraining(false)} />
      <ReasonDialog
        opened={goingBack}
        onClose={() => setGoingBack(false)}
        title={`Roll back to version ${before?.number ?? ""}?`}
        body={`Version ${family.live?.number ?? ""} stops predicting at once; version ${before?.number ?? ""} takes over. No finding is changed.`}
        yes="Roll back"
        danger
        busy={back.isPending}
        onYes={(reason) => back.mutate(reason)}
      />
    </PageBody>
  );
}

function VersionLine({
  version,
  project,
  mayEvaluate,
}: {
  version: VersionOut;
  project: string;
  mayEvaluate: boolean;
}) {
  const evaluate = useMutation({
    mutationFn: () => evaluateVersion(version.id),
    onSuccess: () => notifyDone("Evaluating on the locked test part; the report appears here."),
    onError: (error) => notifyError(error, "Could not evaluate"),
  });
  return (
    <Table.Tr data-testid={`version-${version.number}`}>
      <Table.Td>
        <Text fw={600} size="sm">
          {version.number}
        </Text>
      </Table.Td>
      <Table.Td>
        <StateBadge state={version.state} />
        {version.answered_for ? (
          <Text size="xs" mt={2} maw={260} data-testid={`answered-for-${version.number}`}>
            {version.answered_for.by?.display_name ?? "Somebody"} answers for where it looks: “
            {version.answered_for.reason}”
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td>{formatInstant(version.created_at)}</Table.Td>
      <Table.Td>
        <Code title={version.digest}>{shortDigest(version.digest)}</Code>
      </Table.Td>
      <Table.Td>
        {version.snapshot ? (
          <TextLink
            to="/datasets/$snapshotId/sheet"
            params={{ snapshotId: version.snapshot.id }}
            search={{ project }}
            size="sm"
          >
            {version.snapshot.name}
          </TextLink>
        ) : (
          "–"
        )}
      </Table.Td>
      <Table.Td>
        {version.training_run_id ? (
          <TextLink to="/training/$trainingId" params={{ trainingId: version.training_run_id }} size="sm">
            How it was trained
          </TextLink>
        ) : (
          "–"
        )}
      </Table.Td>
      <Table.Td>
        {version.report_id ? (
          <TextLink
            to="/reports/$reportId"
            params={{ reportId: version.report_id }}
            size="sm"
            data-testid={`report-of-${version.number}`}
          >
            {reportWords(version)}
          </TextLink>
        ) : mayEvaluate && version.training_run_id ? (
          <Button
            variant="subtle"
            size="compact-xs"
            loading={evaluate.isPending}
            disabled={evaluate.isSuccess}
            onClick={() => evaluate.mutate()}
          >
            {evaluate.isSuccess ? "Evaluating…" : "Evaluate"}
          </Button>
        ) : (
          "–"
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** "Report: cannot tell, 3rd look": looks count every report on the same locked test cases. */
function reportWords(version: VersionOut): string {
  const verdict = version.gate_verdict ? `: ${version.gate_verdict.replace("_", " ")}` : "";
  const look =
    version.look && version.look > 1 ? `, ${formatOrdinal(version.look)} look at its test cases` : "";
  return `Report${verdict}${look}`;
}

function History({ rows }: { rows: PromotionOut[] }) {
  return (
    <Table>
      <TableHead of={["When", "What", "By", "Reason"]} />
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.id} data-testid="promotion-row">
            <Table.Td>{formatInstant(row.created_at)}</Table.Td>
            <Table.Td>
              <Group gap={6}>
                <Badge color={row.direction === "promote" ? "green" : "orange"}>
                  {row.direction === "promote" ? "promoted" : "rolled back"}
                </Badge>
                {row.from_version ? `${row.from_version.number} → ` : ""}
                {row.to_version.number}
              </Group>
            </Table.Td>
            <Table.Td>{row.decided_by?.display_name ?? "–"}</Table.Td>
            <Table.Td>
              {row.reason}
              {row.answered_for ? (
                <Text size="xs" mt={2}>
                  Answered for where it looks: “{row.answered_for}”
                </Text>
              ) : null}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
