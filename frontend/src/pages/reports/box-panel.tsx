import { Group, Stack, Table, Text } from "@mantine/core";
import type { EvaluationOut, LabelFigures } from "../../api/types";
import { formatFigure, formatMany, formatWords } from "../../ui/format";
import { Panel } from "../../ui/page";
import { TableHead } from "../../ui/table-head";
import { UnitPlot } from "../../ui/unit-plot";
import { FigureCell } from "./figure-table";

type Boxes = NonNullable<LabelFigures["boxes"]>;

const rateWords: Record<string, string> = { "0.125": "⅛", "0.25": "¼", "0.5": "½" };
const wordOf = (rate: number) => rateWords[String(rate)] ?? String(rate);
const least = 0.125;
const most = 8;

/** Where a number of false boxes a case stands on a scale that doubles from ⅛ to 8. */
const placeOf = (rate: number) => Math.log2(rate / least) / Math.log2(most / least);

/** The curve between ⅛ and 8 false boxes a case, as steps: between two boxes nothing more is found. */
function pointsOf(boxes: Boxes): { x: number; y: number }[] {
  const points: { x: number; y: number }[] = [];
  let found = 0;
  for (const point of boxes.curve) {
    if (point.false_per_case > most) {
      break;
    }
    if (point.false_per_case >= least) {
      const x = placeOf(point.false_per_case);
      points.push(
        ...(points.length === 0 ? [{ x: 0, y: found }] : []),
        { x, y: found },
        { x, y: point.sensitivity },
      );
    }
    found = point.sensitivity;
  }
  const start = points.length === 0 ? [{ x: 0, y: found }] : [];
  return [...start, ...points, { x: 1, y: found }];
}

/** On what the boxes are judged: none is left out unseen. */
function counted(boxes: Boxes): string {
  const said = [
    `${formatMany(boxes.marked, "true box", "true boxes")} in ${formatMany(boxes.with_box, "case", "cases")}, and ${formatMany(boxes.n - boxes.with_box, "case", "cases")} with nothing to find.`,
    "A box hits where its centre lies in a true one; a second box on the same one counts neither way.",
    `At its threshold the version says ${formatMany(boxes.said, "box", "boxes")}.`,
  ];
  if (boxes.without_place) {
    said.push(
      `${formatMany(boxes.without_place, "case", "cases")} said to be positive without a box: not in these figures.`,
    );
  }
  return said.join(" ");
}

/** How many true boxes are found at how many false ones, beside boxes that need no model. */
export function BoxPanel({
  report,
  before,
  names,
  nameOf,
}: {
  report: EvaluationOut;
  before: EvaluationOut | null;
  names: { now: string; before: string };
  nameOf: (key: string) => string;
}) {
  const every = Object.entries(report.labels).flatMap(([key, label]) =>
    label.boxes ? [{ key, boxes: label.boxes, earlier: before?.labels[key]?.boxes ?? null }] : [],
  );
  if (every.length === 0) {
    return null;
  }
  return (
    <Panel title="True boxes found, and false ones" testId="box-panel">
      <Stack gap="lg">
        {every.map(({ key, boxes, earlier }) => (
          <Stack key={key} gap="sm" data-testid={`boxes-${key}`}>
            <Text size="sm">
              {every.length > 1 ? `${nameOf(key)}: ` : ""}
              {counted(boxes)}
            </Text>
            <Group align="flex-start" gap="xl">
              <Froc boxes={boxes} earlier={earlier} names={names} of={nameOf(key)} />
              <Stack gap="md" flex={1} miw={420}>
                <RateTable boxes={boxes} earlier={earlier} names={names} />
                {boxes.floor.length > 0 ? <FloorTable boxes={boxes} /> : null}
              </Stack>
            </Group>
          </Stack>
        ))}
      </Stack>
    </Panel>
  );
}

interface Sides {
  boxes: Boxes;
  earlier: Boxes | null;
  names: { now: string; before: string };
}

function Froc({ boxes, earlier, names, of }: Sides & { of: string }) {
  return (
    <div style={{ width: 360 }} data-testid="froc-plot">
      <UnitPlot
        label={`FROC curve of ${of}, mean ${formatFigure(boxes.cpm.value)}`}
        xLabel="False boxes a case"
        yLabel="True boxes found"
        across={boxes.froc.map(({ false_per_case }) => ({
          at: placeOf(false_per_case),
          label: wordOf(false_per_case),
        }))}
        diagonal={false}
        curves={[
          ...(earlier
            ? [
                {
                  name: `${names.before}, mean ${formatFigure(earlier.cpm.value)}`,
                  color: "var(--ov-curve-6)",
                  points: pointsOf(earlier),
                  dashed: true,
                },
              ]
            : []),
          {
            name: `${names.now}, mean ${formatFigure(boxes.cpm.value)}`,
            color: "var(--ov-curve-1)",
            points: pointsOf(boxes),
          },
        ]}
      />
    </div>
  );
}

function RateTable({ boxes, earlier, names }: Sides) {
  return (
    <Table data-testid="froc-table">
      <TableHead
        of={[
          "False boxes a case, at most",
          `Found by ${names.now}`,
          ...(earlier ? [`Found by ${names.before}`] : []),
        ]}
      />
      <Table.Tbody>
        {boxes.froc.map((row, place) => (
          <Table.Tr key={row.false_per_case}>
            <Table.Td>{wordOf(row.false_per_case)}</Table.Td>
            <Table.Td>
              <FigureCell figure={row.sensitivity} />
            </Table.Td>
            {earlier ? (
              <Table.Td>
                <FigureCell figure={earlier.froc[place]?.sensitivity} />
              </Table.Td>
            ) : null}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function FloorTable({ boxes }: { boxes: Boxes }) {
  return (
    <Table data-testid="box-floor-table">
      <TableHead of={["Answer", "FROC mean", "Average precision (IoU 0.1)"]} />
      <Table.Tbody>
        <Table.Tr fw={600}>
          <Table.Td>This version</Table.Td>
          <Table.Td>
            <FigureCell figure={boxes.cpm} />
          </Table.Td>
          <Table.Td>
            <FigureCell figure={boxes.ap10} />
          </Table.Td>
        </Table.Tr>
        {boxes.floor.map((answer) => (
          <Table.Tr key={answer.name}>
            <Table.Td>{formatWords(answer.words)}</Table.Td>
            <Table.Td>
              <FigureCell figure={answer.cpm} />
            </Table.Td>
            <Table.Td>
              <FigureCell figure={answer.ap10} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
