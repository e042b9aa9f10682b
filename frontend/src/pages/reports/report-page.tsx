import { Group, SimpleGrid, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { modelsQuery, reportQuery } from "../../api/models";
import type { FamilyOut, ReportOut } from "../../api/types";
import { useLabelNames } from "../../state/label-names";
import { subgroupRows } from "../../state/report-figures";
import { useMay } from "../../state/session";
import { formatCount, formatInstant, formatMany, formatOrdinal, shortDigest } from "../../ui/format";
import { ButtonLink } from "../../ui/links";
import { Facts, PageBody, Panel } from "../../ui/page";
import { Empty, Failed, Forbidden, Loading } from "../../ui/page-states";
import { StateBadge } from "../../ui/state-badge";
import { BoxPanel } from "./box-panel";
import { ExamplePanel } from "./example-panel";
import { FigureTable } from "./figure-table";
import { GatePanel } from "./gate-panel";
import { GazePanel } from "./gaze-panel";
import { CalibrationPlot, ConfusionMatrix, RocPlot } from "./label-plots";
import { MapPanel } from "./map-panel";
import { hasExamples, MaskPanel } from "./mask-panel";
import { PlacePanel } from "./place-panel";
import { ReportActions } from "./report-actions";
import { SimplePanel } from "./simple-panel";
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
  const mayOpen = useMay("training.read");
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
          {family ? <ReportActions report={report} family={family} /> : null}
        </>
      }
    >
      <GatePanel gate={gate} look={report.look_sentence} />
      {sides ? (
        <>
          <Panel title="Figures, with 95 % intervals" testId="figures-panel">
            <FigureTable report={figures} before={before} names={names} nameOf={nameOf} />
          </Panel>
          <MaskPanel report={figures} nameOf={nameOf} />
          <BoxPanel report={figures} before={before} names={names} nameOf={nameOf} />
          <PlacePanel
            report={figures}
            before={before}
            names={names}
            learned={report.place_sentences}
            nameOf={nameOf}
          />
          <GazePanel reportId={report.id} report={figures} mayOpen={mayOpen} nameOf={nameOf} />
          <MapPanel report={figures} nameOf={nameOf} />
          <SimplePanel report={figures} nameOf={nameOf} />
          {hasExamples(figures) ? <ExamplePanel reportId={report.id} nameOf={nameOf} /> : null}
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
            ["Left out of the test", leftOut(figures.left_out, keys.map(nameOf))],
            ["Operating point", report.operating_point_sentence || "–"],
            ["Chosen on", report.held_out_sentence || "–"],
            ["Look at these test cases", report.look ? formatOrdinal(report.look) : "–"],
            ["Digest of the report", shortDigest(report.digest)],
          ]}
        />
      </Panel>
    </PageBody>
  );
}

/** How many cases of the test part say nothing of what the version answers, so that they judge nothing. */
function leftOut(count: number | null | undefined, labels: string[]): string {
  if (count === null || count === undefined) {
    return "not counted when this was measured";
  }
  if (count === 0) {
    return `none: each says something of ${labels.join(", ")}`;
  }
  const [cases, them] = [formatMany(count, "case", "cases"), count === 1 ? "it" : "them"];
  return `${cases}: nothing is said of ${labels.join(", ")} in ${them}`;
}
