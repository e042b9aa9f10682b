import { Stack, Table, Text, Title } from "@mantine/core";
import type { LabelReport } from "../../state/report-view";
import { formatFigure, formatPercent } from "../../ui/format";
import { UnitPlot } from "../../ui/unit-plot";

interface Sides {
  label: LabelReport;
  before: LabelReport | undefined;
  names: { now: string; before: string };
}

export function RocPlot({ label, before, names }: Sides) {
  const auc = label.figures.auc;
  return (
    <Stack gap={4} data-testid="roc-plot">
      <Title order={3}>ROC curve</Title>
      {label.roc.length === 0 ? (
        <Text size="sm" c="dimmed">
          Not enough cases of both kinds for a curve.
        </Text>
      ) : (
        <UnitPlot
          label={`ROC curve of ${label.key}, area ${formatFigure(auc?.value)}`}
          xLabel="1 − specificity"
          yLabel="Sensitivity"
          curves={[
            ...(before?.roc.length
              ? [
                  {
                    name: `${names.before}, AUC ${formatFigure(before.figures.auc?.value)}`,
                    color: "var(--ov-curve-6)",
                    points: before.roc,
                    dashed: true,
                  },
                ]
              : []),
            {
              name: `${names.now}, AUC ${formatFigure(auc?.value)}`,
              color: "var(--ov-curve-1)",
              points: label.roc,
            },
          ]}
        />
      )}
    </Stack>
  );
}

export function CalibrationPlot({ label, before, names }: Sides) {
  const points = (row: LabelReport) =>
    row.calibration.map((bin) => ({
      x: bin.stated,
      y: bin.observed,
      size: bin.count / Math.max(1, row.cases ?? 1),
      low: bin.low,
      high: bin.high,
    }));
  return (
    <Stack gap={4} data-testid="calibration-plot">
      <Title order={3}>Calibration</Title>
      {label.calibration.length === 0 ? (
        <Text size="sm" c="dimmed">
          Not enough cases for a calibration curve.
        </Text>
      ) : (
        <UnitPlot
          label={`Calibration of ${label.key}, expected error ${formatFigure(label.ece)}`}
          xLabel="Stated probability"
          yLabel="Share that is positive"
          curves={[
            ...(before?.calibration.length
              ? [
                  {
                    name: `${names.before}, ECE ${formatFigure(before.ece)}`,
                    color: "var(--ov-curve-6)",
                    points: points(before),
                    dashed: true,
                    dots: true,
                  },
                ]
              : []),
            {
              name: `${names.now}, ECE ${formatFigure(label.ece)}`,
              color: "var(--ov-curve-3)",
              points: points(label),
              dots: true,
            },
          ]}
        />
      )}
    </Stack>
  );
}

export function ConfusionMatrix({ label, before, names }: Sides) {
  const { confusion } = label;
  return (
    <Stack gap={4} data-testid="confusion-matrix">
      <Title order={3}>Confusion matrix</Title>
      {confusion ? (
        <>
          <MatrixTable confusion={confusion} name={names.now} threshold={label.threshold} />
          {before?.confusion ? (
            <MatrixTable confusion={before.confusion} name={names.before} threshold={before.threshold} />
          ) : null}
        </>
      ) : (
        <Text size="sm" c="dimmed">
          This recipe counts no cases right or wrong.
        </Text>
      )}
    </Stack>
  );
}

function MatrixTable({
  confusion,
  name,
  threshold,
}: {
  confusion: NonNullable<LabelReport["confusion"]>;
  name: string;
  threshold: number | null;
}) {
  const good = "rgba(76, 195, 138, 0.18)";
  const bad = "rgba(242, 112, 107, 0.18)";
  return (
    <Table withTableBorder withColumnBorders ta="center" mb="xs" aria-label={`Confusion matrix of ${name}`}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>
            {name}
            <Text size="xs" c="dimmed" fw={400}>
              threshold {formatPercent(threshold, 1)}
            </Text>
          </Table.Th>
          <Table.Th ta="center">says positive</Table.Th>
          <Table.Th ta="center">says negative</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        <Table.Tr>
          <Table.Th scope="row">is positive</Table.Th>
          <Table.Td bg={good}>{confusion.tp}</Table.Td>
          <Table.Td bg={bad}>{confusion.fn}</Table.Td>
        </Table.Tr>
        <Table.Tr>
          <Table.Th scope="row">is negative</Table.Th>
          <Table.Td bg={bad}>{confusion.fp}</Table.Td>
          <Table.Td bg={good}>{confusion.tn}</Table.Td>
        </Table.Tr>
      </Table.Tbody>
    </Table>
  );
}
