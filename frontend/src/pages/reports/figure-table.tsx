import { Table, Text } from "@mantine/core";
import {
  type Estimate,
  type FigureName,
  figureWords,
  lessIsBetter,
  measured,
  type ReportView,
} from "../../state/report-view";
import { formatFigure } from "../../ui/format";

export function EstimateCell({ estimate }: { estimate: Estimate | null | undefined }) {
  if (!estimate) {
    return <>–</>;
  }
  return (
    <>
      {formatFigure(estimate.value)}
      {estimate.low !== null && estimate.high !== null ? (
        <Text span size="xs" c="dimmed" ml={6}>
          {formatFigure(estimate.low, 2)}–{formatFigure(estimate.high, 2)}
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
  now: Estimate | null | undefined;
  before: Estimate | null | undefined;
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
  report: ReportView;
  before: ReportView | null;
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
        {report.labels.flatMap((label) =>
          figures.map((figure: FigureName, index) => {
            const old = before?.labels.find((row) => row.key === label.key)?.figures[figure];
            return (
              <Table.Tr key={`${label.key} ${figure}`} data-testid={`figure-${label.key}-${figure}`}>
                <Table.Td>
                  {index === 0 ? (
                    <>
                      {nameOf(label.key)}{" "}
                      <Text span size="xs" c="dimmed">
                        {label.positives ?? "?"} of {label.cases ?? "?"} positive
                      </Text>
                    </>
                  ) : null}
                </Table.Td>
                <Table.Td>{figureWords[figure]}</Table.Td>
                <Table.Td>
                  <EstimateCell estimate={label.figures[figure]} />
                </Table.Td>
                {before ? (
                  <Table.Td>
                    <EstimateCell estimate={old} />
                  </Table.Td>
                ) : null}
                {before ? (
                  <Table.Td>
                    <Change
                      now={label.figures[figure]}
                      before={old}
                      lessIsBetter={lessIsBetter.has(figure)}
                    />
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
