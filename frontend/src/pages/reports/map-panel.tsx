import { Stack, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { EvaluationOut, LabelFigures } from "../../api/types";
import { formatFigure, formatMany, formatPercent } from "../../ui/format";
import { Panel } from "../../ui/page";
import { TableHead } from "../../ui/table-head";

type Maps = NonNullable<LabelFigures["maps"]>;
type Grade = Maps["grades"][number];

const columns = [
  "Map",
  "In the mark",
  "Fixed place",
  "Energy",
  "Outside",
  "Random twin",
  "Again",
  "Blurred away",
  "Brought back",
  "Shown",
] as const;

/** Why a map is not shown; the whole sentence is the server's. */
const failing: Record<NonNullable<Grade["fails"]>, string> = {
  place: "a fixed place points as well",
  outside: "outside the body",
  twin: "not what was learned",
  repeat: "another map each time",
  removal: "the answer does not hang on it",
};

/** What the columns mean, and what answers without a model reach on the same cases. */
function counted(maps: Maps): string[] {
  const hits = maps.fixed.map((one) => `${one.words} ${one.hits} of ${one.cases}`).join("; ");
  const energy =
    maps.location_energy == null
      ? ""
      : `, and ${formatPercent(maps.location_energy, 1)} of a map of where marks lie`;
  return [
    `Without a model, in the mark: ${hits}.`,
    `Marks cover ${formatPercent(maps.even, 1)} of the picture on average: as much of an even map lies in them${energy}.`,
  ];
}

const legend =
  "In the mark: the strongest place lies in the reader's mark, with its 95 % interval. Energy: share of the map inside the mark. Outside: share of the map outside the body, and of the picture. Random twin: likeness with the map of a network with random weights, and its hits. Again: likeness of two runs. Blurred away, brought back: mean probability when the map's places go, or come back, first; beside it by chance. What fails a question is not asked the next one.";

/** Which maps of a version may be shown: every kind of map, asked the same questions on marked test cases. */
export function MapPanel({ report, nameOf }: { report: EvaluationOut; nameOf: (key: string) => string }) {
  const every = Object.entries(report.labels).flatMap(([key, label]) =>
    label.maps ? [{ key, maps: label.maps }] : [],
  );
  if (every.length === 0) {
    return null;
  }
  return (
    <Panel title="Which maps may be shown" testId="map-panel">
      <Stack gap="lg">
        {every.map(({ key, maps }) => (
          <Stack key={key} gap={6} data-testid={`maps-${key}`}>
            <Text size="sm" data-testid="maps-sentence">
              {every.length > 1 ? `${nameOf(key)}: ` : ""}
              {maps.sentence}
            </Text>
            {maps.stands === "graded" ? (
              <>
                <GradeTable maps={maps} />
                {counted(maps).map((sentence) => (
                  <Text key={sentence} size="sm" c="dimmed">
                    {sentence}
                  </Text>
                ))}
              </>
            ) : null}
          </Stack>
        ))}
        {every.some(({ maps }) => maps.stands === "graded") ? (
          <Text size="xs" c="dimmed">
            {legend}
          </Text>
        ) : null}
      </Stack>
    </Panel>
  );
}

function GradeTable({ maps }: { maps: Maps }) {
  return (
    <Table.ScrollContainer minWidth={900}>
      <Table data-testid="map-table" verticalSpacing={4} horizontalSpacing="xs" fz={13}>
        <TableHead of={columns} />
        <Table.Tbody>
          {maps.grades.map((grade) => (
            <GradeRow key={grade.method} grade={grade} winner={grade.method === maps.winner} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function GradeRow({ grade, winner }: { grade: Grade; winner: boolean }) {
  return (
    <Table.Tr
      data-testid={`map-${grade.method}`}
      fw={winner ? 600 : undefined}
      c={grade.passed ? undefined : "dimmed"}
    >
      <Table.Td>
        {grade.label} <Dim>{grade.layer}</Dim>
      </Table.Td>
      <Table.Td>
        {grade.hits} of {grade.cases}{" "}
        {grade.hit_rate.interval ? (
          <Dim>
            {formatFigure(grade.hit_rate.interval[0], 2)}–{formatFigure(grade.hit_rate.interval[1], 2)}
          </Dim>
        ) : null}
      </Table.Td>
      <Table.Td>
        {grade.fixed_hits} of {grade.cases}
      </Table.Td>
      <Table.Td>{formatPercent(grade.energy)}</Table.Td>
      <Table.Td>
        {grade.outside == null ? (
          "–"
        ) : (
          <>
            {formatPercent(grade.outside)} <Dim>on {formatPercent(grade.outside_area)}</Dim>
          </>
        )}
      </Table.Td>
      <Table.Td>
        {grade.twin_cases == null ? (
          "–"
        ) : (
          <>
            {formatFigure(grade.twin_likeness, 2)}{" "}
            <Dim>
              {grade.twin_hits} of {grade.twin_cases}
            </Dim>
          </>
        )}
      </Table.Td>
      <Table.Td>{formatFigure(grade.repeat, 2)}</Table.Td>
      <Table.Td>
        <Beside value={grade.deletion} chance={grade.random_deletion} cases={grade.removal_cases} />
      </Table.Td>
      <Table.Td>
        <Beside value={grade.insertion} chance={grade.random_insertion} cases={grade.removal_cases} />
      </Table.Td>
      <Table.Td title={grade.why || undefined}>
        {grade.fails ? `no: ${failing[grade.fails]}` : winner ? "first" : "yes"}
      </Table.Td>
    </Table.Tr>
  );
}

/** A mean probability with the one by chance beside it. */
function Beside({
  value,
  chance,
  cases,
}: {
  value: number | null | undefined;
  chance: number | null | undefined;
  cases: number | null | undefined;
}) {
  if (value == null) {
    return <>–</>;
  }
  return (
    <span title={`on ${formatMany(cases ?? 0, "case", "cases")}`}>
      {formatFigure(value, 2)} <Dim>{formatFigure(chance, 2)}</Dim>
    </span>
  );
}

function Dim({ children }: { children: ReactNode }) {
  return (
    <Text span size="xs" c="dimmed" fw={400} style={{ whiteSpace: "nowrap" }}>
      {children}
    </Text>
  );
}
