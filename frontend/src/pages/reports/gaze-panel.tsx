import { Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { gazeQuery } from "../../api/models";
import type { EvaluationOut, GazeExampleOut, LabelFigures } from "../../api/types";
import { formatFigure, formatMany, formatPercent } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { Panel } from "../../ui/page";
import { Failed, Loading } from "../../ui/page-states";
import { TableHead } from "../../ui/table-head";
import classes from "./gaze.module.css";

type Gaze = NonNullable<LabelFigures["gaze"]>;
type Figure = NonNullable<Gaze["grounding"]>;

const legend =
  "Share of the answer on the marked place: what its replacement takes beyond that of equal places elsewhere, of what tells pictures with the label from those without (the distance of their mean logits), each case counted within ±100 %; not told where the answers do not tell them apart. Outside the body: of how much the answer changes when that, or the body, is replaced. Equal places have the mark’s shape and lie elsewhere in the body. This alone: everything else is the mean of all pictures; the region keeps the brightness to which its whole picture was scaled. Without it: the region is replaced by that mean, markers by what lies around them; pictures without the region are counted as they are. Alike: the AUC of the whole pictures, over such pairs only. Under the pictures: the calibrated probability, and the network’s raw logit.";

/** Where a version looks: what its answer loses when regions of the test pictures are replaced. */
export function GazePanel({
  reportId,
  report,
  mayOpen,
  nameOf,
}: {
  reportId: string;
  report: EvaluationOut;
  mayOpen: boolean;
  nameOf: (key: string) => string;
}) {
  const every = Object.entries(report.labels).flatMap(([key, label]) =>
    label.gaze ? [{ key, gaze: label.gaze }] : [],
  );
  const examples = useQuery({ ...gazeQuery(reportId), enabled: every.length > 0 && mayOpen });
  if (every.length === 0) {
    return null;
  }
  return (
    <Panel title="Where it looks" testId="gaze-panel">
      <Stack gap="lg">
        <Text size="sm" c="dimmed">
          Regions of the locked test pictures are replaced and the version is asked again. What its answer
          hangs on changes it.
        </Text>
        {examples.isPending && mayOpen ? <Loading what="the pictures" /> : null}
        {examples.isError ? (
          <Failed error={examples.error} what="the pictures" onRetry={() => void examples.refetch()} />
        ) : null}
        {every.map(({ key, gaze }) => (
          <Stack key={key} gap="sm" data-testid={`gaze-${key}`}>
            <div>
              {every.length > 1 ? (
                <Text size="sm" fw={600}>
                  {nameOf(key)}
                </Text>
              ) : null}
              {gaze.sentences.map((sentence) => (
                <Text key={sentence} size="sm" data-testid="gaze-sentence">
                  {sentence}
                </Text>
              ))}
            </div>
            <Examples rows={(examples.data ?? []).filter((one) => one.label_key === key)} />
            <div className={classes.tables}>
              <LooksTable gaze={gaze} />
              <RegionTable gaze={gaze} />
            </div>
          </Stack>
        ))}
        <Text size="xs" c="dimmed">
          {legend}
        </Text>
      </Stack>
    </Panel>
  );
}

function LooksTable({ gaze }: { gaze: Gaze }) {
  const rows: [string, Figure | null | undefined, string][] = [
    [
      "Share of the answer on the marked place, replaced from around it",
      gaze.grounding,
      formatMany(gaze.marked, "case", "cases"),
    ],
    [
      "The same, replaced by another patient with the label",
      gaze.swapped,
      formatMany(gaze.swapped_cases, "case", "cases"),
    ],
    [
      "The marked place costs more than an equal place elsewhere",
      gaze.oftener,
      formatMany(gaze.marked, "case", "cases"),
    ],
    [
      "Share of the answer outside the body",
      gaze.outside,
      formatMany(gaze.outside_cases, "picture", "pictures"),
    ],
    [
      "Decisions that change when markers are painted over",
      gaze.turned,
      formatMany(gaze.with_marker[0] + gaze.with_marker[1], "picture", "pictures"),
    ],
  ];
  return (
    <Table verticalSpacing={4} horizontalSpacing="xs" fz={13} data-testid="gaze-shares">
      <TableHead of={["What", "Share", "On"]} />
      <Table.Tbody>
        {rows.map(([what, figure, on]) => (
          <Table.Tr key={what}>
            <Table.Td>{what}</Table.Td>
            <Table.Td>{figure ? <Shared figure={figure} /> : "–"}</Table.Td>
            <Table.Td>{on}</Table.Td>
          </Table.Tr>
        ))}
        {gaze.map_outside == null ? null : (
          <Table.Tr>
            <Table.Td>The best map ({gaze.map_label}) outside the body</Table.Td>
            <Table.Td>{formatPercent(gaze.map_outside)}</Table.Td>
            <Table.Td>{formatPercent(gaze.map_outside_area)} of the picture</Table.Td>
          </Table.Tr>
        )}
      </Table.Tbody>
    </Table>
  );
}

function RegionTable({ gaze }: { gaze: Gaze }) {
  return (
    <Table verticalSpacing={4} horizontalSpacing="xs" fz={13} data-testid="gaze-regions">
      <TableHead of={["ROC AUC", "This alone", "Without it", "In"]} />
      <Table.Tbody>
        <Table.Tr fw={600}>
          <Table.Td>The whole picture</Table.Td>
          <Table.Td>
            <Measured figure={gaze.auc} />
          </Table.Td>
          <Table.Td>–</Table.Td>
          <Table.Td>{gaze.cases}</Table.Td>
        </Table.Tr>
        {gaze.regions.map((region) => (
          <Table.Tr key={region.name} data-testid={`gaze-region-${region.name}`}>
            <Table.Td>{region.words}</Table.Td>
            <Table.Td>{region.alone ? <Measured figure={region.alone} /> : "–"}</Table.Td>
            <Table.Td>{region.without ? <Measured figure={region.without} /> : "–"}</Table.Td>
            <Table.Td>{region.cases}</Table.Td>
          </Table.Tr>
        ))}
        {gaze.balanced.map((one) => (
          <Table.Tr key={one.name} data-testid={`gaze-balanced-${one.name}`}>
            <Table.Td>The whole picture, only pairs that are alike in {one.words}</Table.Td>
            <Table.Td>
              <Measured figure={one.auc} />
            </Table.Td>
            <Table.Td>–</Table.Td>
            <Table.Td>{formatMany(one.pairs, "pair", "pairs")}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Measured({ figure }: { figure: Figure }) {
  return (
    <>
      {formatFigure(figure.value, 2)}
      {figure.interval ? (
        <Text span size="xs" c="dimmed" className={classes.interval}>
          {" "}
          {formatFigure(figure.interval[0], 2)}–{formatFigure(figure.interval[1], 2)}
        </Text>
      ) : null}
    </>
  );
}

function Shared({ figure }: { figure: Figure }) {
  return (
    <span className={classes.interval}>
      {formatPercent(figure.value)}
      {figure.interval ? (
        <Text span size="xs" c="dimmed">
          {" "}
          {formatPercent(figure.interval[0])} to {formatPercent(figure.interval[1])}
        </Text>
      ) : null}
    </span>
  );
}

/** Three telling cases: the picture as it is, then with a region replaced, each with what the version says of it. */
function Examples({ rows }: { rows: GazeExampleOut[] }) {
  if (rows.length === 0) {
    return null;
  }
  return (
    <div className={classes.gallery}>
      {rows.map((row) => (
        <figure key={row.words} className={classes.example} data-testid="gaze-example">
          {row.pictures.length === 0 ? <Text size="sm">{row.why}</Text> : null}
          <div className={classes.strip}>
            {row.pictures.map((picture) => (
              <div key={picture.kind} className={classes.tile}>
                <img
                  className={classes.picture}
                  src={`data:image/png;base64,${picture.png}`}
                  alt={`${picture.words}: probability ${formatPercent(picture.probability)}`}
                />
                <Text size="xs" lh={1.3}>
                  {picture.words}
                </Text>
                <Text size="xs" fw={600} lh={1.3}>
                  {formatPercent(picture.probability)}
                  <Text span size="xs" c="dimmed" fw={400}>
                    {" "}
                    raw logit {formatFigure(picture.logit, 1)}
                  </Text>
                </Text>
              </div>
            ))}
          </div>
          <figcaption>
            <Text size="xs" c="dimmed">
              {row.words}{" "}
              {row.workitem_id ? (
                <TextLink to="/read/$workitemId" params={{ workitemId: row.workitem_id }} size="xs">
                  Open the case
                </TextLink>
              ) : null}
            </Text>
          </figcaption>
        </figure>
      ))}
    </div>
  );
}
