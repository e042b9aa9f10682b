import { Button, Group, SimpleGrid, Tabs, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { modelsQuery, promoteVersion, reportQuery } from "../../api/models";
import type { FamilyOut, ReportOut } from "../../api/types";
import { useLabelNames } from "../../state/label-names";
import { subgroupRows } from "../../state/report-figures";
import { may, useMay, useMe } from "../../state/session";
import { formatCount, formatInstant, shortDigest } from "../../ui/format";
import { ButtonLink } from "../../ui/links";
import { notifyDone, notifyError } from "../../ui/notify";
import { Facts, PageBody, Panel } from "../../ui/page";
import { Empty, Failed, Forbidden, Loading } from "../../ui/page-states";
import { ReasonDialog } from "../../ui/reason-dialog";
import { StateBadge } from "../../ui/state-badge";
import { FigureTable } from "./figure-table";
import { GatePanel } from "./gate-panel";
import { CalibrationPlot, ConfusionMatrix, RocPlot } from "./label-plots";
import { SubgroupTable } from "./subgroup-table";

const route = getRouteApi("/app/reports/$reportId");

export function ReportPage() {
  const { reportId } = route.useParams();
  const allowed = useMay("training.read");
  const report = useQuery({ ...reportQuery(reportId), enabled: allowed });
  const families = useQuery({ ...modelsQuery(undefined), enabled: allowed });
  if (!allowed) {
    return <Forbidden what="Seeing evaluation reports" />;
  }
  if (report.isPending || families.isPending) {
    return <Loading what="the report" />;
  }
  if (report.isError) {
    return <Failed error={report.error} what="the report" onRetry={() => void report.refetch()} />;
  }
  const family = families.data?.find((row) =>
    row.versions.some((version) => version.id === report.data.version.id),
  );
  return <Report report={report.data} family={family} />;
}

function Report({ report, family }: { report: ReportOut; family: FamilyOut | undefined }) {
  const { report: figures, compared_report: before, gate } = report;
  const nameOf = useLabelNames(report.version.project);
  const [label, setLabel] = useState<string | null>(null);
  const keys = Object.keys(figures.labels);
  const of = label && keys.includes(label) ? label : (keys[0] ?? "");
  const shown = figures.labels[of];
  const sides = shown ? { of, label: shown, before: before?.labels[of] } : null;
  const version = family?.versions.find((row) => row.id === report.version.id);
  const names = {
    now: `Version ${report.version.number}`,
    before: report.compared_with ? `Version ${report.compared_with.number} (live then)` : "",
  };
  return (
    <PageBody
      testId="report-page"
      title={
        <Group gap="sm">
          {family ? `${family.title}, version ${report.version.number}` : `Version ${report.version.number}`}
          {version ? <StateBadge state={version.state} /> : null}
        </Group>
      }
      about={
        report.compared_with
          ? `Measured on patients it has never seen, side by side with version ${report.compared_with.number}.`
          : "Measured on patients it has never seen. There was no live version to compare it with."
      }
      actions={
        <>
          {family ? (
            <ButtonLink
              variant="default"
              to="/models/$family"
              params={{ family: family.slug }}
              search={{ project: family.project }}
            >
              To the family
            </ButtonLink>
          ) : null}
          {family ? <Promote report={report} family={family} passed={gate.passed} /> : null}
        </>
      }
    >
      <GatePanel gate={gate} />
      {sides ? (
        <>
          <Panel title="Figures, with 95 % intervals" testId="figures-panel">
            <FigureTable report={figures} before={before} names={names} nameOf={nameOf} />
          </Panel>
          <Panel testId="label-panel">
            <Tabs value={of} onChange={setLabel}>
              <Tabs.List mb="sm">
                {keys.map((key) => (
                  <Tabs.Tab key={key} value={key}>
                    {nameOf(key)}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
            </Tabs>
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="lg">
              <RocPlot {...sides} names={names} />
              <CalibrationPlot {...sides} names={names} />
              <ConfusionMatrix {...sides} names={names} />
            </SimpleGrid>
          </Panel>
          <Panel title="Subgroups" testId="subgroups-panel">
            <SubgroupTable rows={subgroupRows(figures)} before={subgroupRows(before)} nameOf={nameOf} />
          </Panel>
        </>
      ) : (
        <Empty title="The report holds no figures" />
      )}
      <Panel title="Facts">
        <Facts
          rows={[
            ["Measured", formatInstant(report.created_at)],
            ["Test part of", report.snapshot?.name ?? "–"],
            ["Test cases", formatCount(figures.cases)],
            ["Test patients", formatCount(figures.patients)],
            ["Digest of the report", shortDigest(report.digest)],
          ]}
        />
      </Panel>
    </PageBody>
  );
}

/** The button that makes a version live; where it is not offered it says why. */
function Promote({ report, family, passed }: { report: ReportOut; family: FamilyOut; passed: boolean }) {
  const me = useMe();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const promote = useMutation({
    mutationFn: (reason: string) => promoteVersion(report.version.id, report.id, reason),
    onSuccess: () => {
      notifyDone(`Version ${report.version.number} is live. New cases are predicted with it.`);
      setAsking(false);
      for (const key of ["models", "promotions", "report"]) {
        void queries.invalidateQueries({ queryKey: [key] });
      }
    },
    onError: (error) => notifyError(error, "Could not promote"),
  });
  const isLive = family.live?.id === report.version.id;
  const why = isLive
    ? "This version is live."
    : !may(me, "model.promote", family.project)
      ? "Only an admin of the project promotes."
      : !passed
        ? "The gate did not pass: see below what is missing."
        : report.is_current
          ? ""
          : "Another version is live since: evaluate it again before promoting.";
  return (
    <>
      {why ? (
        <Text size="xs" c="dimmed" id="promote-why" data-testid="promote-why">
          {why}
        </Text>
      ) : null}
      <Button
        disabled={why !== ""}
        aria-describedby={why ? "promote-why" : undefined}
        onClick={() => setAsking(true)}
        data-testid="promote"
      >
        Promote
      </Button>
      <ReasonDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Make version ${report.version.number} live?`}
        body={
          family.live
            ? `It replaces version ${family.live.number} for new cases. Old findings keep the version that made them, and you can roll back in one click.`
            : "It will predict new cases from now on. You can roll back later."
        }
        yes="Promote"
        busy={promote.isPending}
        onYes={(reason) => promote.mutate(reason)}
      />
    </>
  );
}
