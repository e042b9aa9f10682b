import { Table, Text } from "@mantine/core";
import type { EvaluationOut } from "../../api/types";
import {
  type Figure,
  type FigureName,
  figureOf,
  figureWords,
  lessIsBetter,
  measured,
  unitOf,
} from "../../state/report-figures";
import { formatFigure } from "../../ui/format";

export function FigureCell({ figure }: { figure: Figure | null | undefined }) {
  if (!figure) {
    return <>–</>;
  }
  return (
    <>
      {formatFigure(figure.value)}
      {figure.interval ? (
        <Text span size="xs" c="dimmed" ml={6}>
          {formatFigure(figure.interval[0], 2)}–{formatFigure(figure.interval[1], 2)}
        </Text>
      ) : null}
    </>
  );
}

/** How the new figure stands to the old one, in words and colour; no claim beyond the difference itself. */
function Change({
  now,
  before,
  lessIsBetter,
}: {
  now: Figure | null | undefined;
  before: Figure | null | undefined;
  lessIsBetter: boolean;
}) {
  if (now?.value == null || before?.value == null) {
    return <>–</>;
  }
  const change = now.value - before.value;
  const color = Math.abs(change) < 0.0005 ? "dimmed" : change > 0 !== lessIsBetter ? "green" : "red";
  return (
    <Text span size="sm" c={color}>
      {change >= 0 ? "+" : "−"}
      {Math.abs(change).toFixed(3)}
    </Text>
  );
}

/** Every label and figure, with the live model's beside it. */
export function FigureTable({
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
  const figures = measured(report);
  return (
    <Table highlightOnHover data-testid="figure-table">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Label</Table.Th>
          <Table.Th>Figure</Table.Th>
          <Table.Th>{names.now}</Table.Th>
          {before ? <Table.Th>{names.before}</Table.Th> : null}
          {before ? <Table.Th>Change</Table.Th> : null}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {Object.entries(report.labels).flatMap(([key, label]) =>
          figures.map((figure: FigureName, index) => {
            const now = figureOf(label, figure);
            const earlier = before?.labels[key];
            const old = earlier ? figureOf(earlier, figure) : null;
            return (
              <Table.Tr key={`${key} ${figure}`} data-testid={`figure-${key}-${figure}`}>
                <Table.Td>
                  {index === 0 ? (
                    <>
                      {nameOf(key)}{" "}
                      <Text span size="xs" c="dimmed">
                        {label.positives} of {label.n} positive
                      </Text>
                    </>
                  ) : null}
                </Table.Td>
                <Table.Td>
                  {figureWords[figure]}
                  {unitOf(label, figure)}
                </Table.Td>
                <Table.Td>
                  <FigureCell figure={now} />
                </Table.Td>
                {before ? (
                  <Table.Td>
                    <FigureCell figure={old} />
                  </Table.Td>
                ) : null}
                {before ? (
                  <Table.Td>
                    <Change now={now} before={old} lessIsBetter={lessIsBetter.has(figure)} />
                  </Table.Td>
                ) : null}
              </Table.Tr>
            );
          }),
        )}
      </Table.Tbody>
    </Table>
  );
}
