import { Stack, Table, Text } from "@mantine/core";
import type { EvaluationOut, LabelFigures } from "../../api/types";
import { formatCount, formatMany } from "../../ui/format";
import { Panel } from "../../ui/page";
import { TableHead } from "../../ui/table-head";
import { FigureCell } from "./figure-table";

type Places = NonNullable<LabelFigures["places"]>;

/** On what the outlines are judged: none is left out unseen. */
function counted(places: Places): string {
  const healthy = places.n - places.with_place;
  const said = [
    `${formatMany(places.marked, "marked place", "marked places")} on ${formatMany(places.with_place, "case", "cases")}, and ${formatMany(healthy, "case", "cases")} where there is none.`,
    "An outline lies on a place where its middle does.",
  ];
  if (places.without_place) {
    said.push(
      `${formatMany(places.without_place, "case", "cases")} said to be positive without a marked place: not in these figures.`,
    );
  }
  return said.join(" ");
}

/** Where a classifier points: how many marked places its outlines lie on, and how many outlines lie beside. */
export function PlacePanel({
  report,
  before,
  names,
  learned,
  nameOf,
}: {
  report: EvaluationOut;
  before: EvaluationOut | null;
  names: { now: string; before: string };
  /** What each version learned of places, by label. */
  learned: Record<string, string[]>;
  nameOf: (key: string) => string;
}) {
  const every = Object.entries(report.labels).flatMap(([key, label]) =>
    label.places ? [{ key, places: label.places }] : [],
  );
  if (every.length === 0) {
    return null;
  }
  return (
    <Panel title="Where it points" testId="place-panel">
      <Stack gap="lg">
        {every.map(({ key, places }) => {
          const earlier = before?.labels[key]?.places;
          const rows = [
            { name: names.now, places },
            ...(earlier ? [{ name: names.before, places: earlier }] : []),
          ];
          return (
            <Stack key={key} gap={6} data-testid={`places-${key}`}>
              <Text size="sm">
                {every.length > 1 ? `${nameOf(key)}: ` : ""}
                {counted(places)}
              </Text>
              <Table data-testid="place-table">
                <TableHead
                  of={[
                    "Version",
                    "Marked places found",
                    "Outlines",
                    "Of these on a place",
                    "Beside, per case",
                  ]}
                />
                <Table.Tbody>
                  {rows.map((row, index) => (
                    <Table.Tr key={row.name} fw={index === 0 ? 600 : undefined}>
                      <Table.Td>{row.name}</Table.Td>
                      <Table.Td>
                        <FigureCell figure={row.places.found} />
                      </Table.Td>
                      <Table.Td>{formatCount(row.places.outlines)}</Table.Td>
                      <Table.Td>
                        <FigureCell figure={row.places.on} />
                      </Table.Td>
                      <Table.Td>
                        <FigureCell figure={row.places.beside} />
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
              {(learned[key] ?? []).map((sentence) => (
                <Text key={sentence} size="sm" c="dimmed">
                  {sentence}
                </Text>
              ))}
            </Stack>
          );
        })}
      </Stack>
    </Panel>
  );
}
