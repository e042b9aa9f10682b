import { Stack, Table, Text, Title } from "@mantine/core";
import type { LabelFigures } from "../../api/types";
import { formatChance } from "../../state/chance";
import { figureOf } from "../../state/report-figures";
import { formatFigure } from "../../ui/format";
import { UnitPlot } from "../../ui/unit-plot";

interface Sides {
  /** Key of the label. */
  of: string;
  label: LabelFigures;
  before: LabelFigures | undefined;
  names: { now: string; before: string };
}

/** The points of a ROC curve: false positive rate across, true positive rate up. */
const rocPoints = (label: LabelFigures) =>
  label.roc.map((point) => ({ x: point.false_positive_rate, y: point.true_positive_rate }));

/** A calibration error as a word for a legend. */
const eceOf = (label: LabelFigures) => formatFigure(figureOf(label, "ece")?.value);

/** What was stated and what came true: of boxes where these are what is proposed, else of answers. */
const binsOf = (label: LabelFigures) => label.boxes?.calibration ?? label.calibration;

export function RocPlot({ of, label, before, names }: Sides) {
  const auc = figureOf(label, "auc");
  return (
    <Stack gap={4} data-testid="roc-plot">
      <Title order={3}>{label.boxes ? "ROC curve, by case" : "ROC curve"}</Title>
      {label.roc.length === 0 ? (
        <Text size="sm" c="dimmed">
          Not enough cases of both kinds for a curve.
        </Text>
      ) : (
        <UnitPlot
          label={`ROC curve of ${of}, area ${formatFigure(auc?.value)}`}
          xLabel="1 − specificity"
          yLabel="Sensitivity"
          curves={[
            ...(before?.roc.length
              ? [
                  {
                    name: `${names.before}, AUC ${formatFigure(before.auc.value)}`,
                    color: "var(--ov-curve-6)",
                    points: rocPoints(before),
                    dashed: true,
                  },
                ]
              : []),
            {
              name: `${names.now}, AUC ${formatFigure(auc?.value)}`,
              color: "var(--ov-curve-1)",
              points: rocPoints(label),
            },
          ]}
        />
      )}
    </Stack>
  );
}

export function CalibrationPlot({ of, label, before, names }: Sides) {
  const points = (row: LabelFigures) =>
    binsOf(row).map((bin) => ({
      x: bin.mean_probability,
      y: bin.observed,
      size: bin.n / Math.max(1, row.boxes ? binsOf(row).reduce((sum, one) => sum + one.n, 0) : row.n),
      low: bin.interval[0],
      high: bin.interval[1],
    }));
  return (
    <Stack gap={4} data-testid="calibration-plot">
      <Title order={3}>{label.boxes ? "Calibration of the boxes" : "Calibration"}</Title>
      {binsOf(label).length === 0 ? (
        <Text size="sm" c="dimmed">
          Not enough cases for a calibration curve.
        </Text>
      ) : (
        <UnitPlot
          label={`Calibration of ${of}, expected error ${eceOf(label)}`}
          xLabel="Stated probability"
          yLabel={label.boxes ? "Share that hits" : "Share that is positive"}
          curves={[
            ...(before && binsOf(before).length
              ? [
                  {
                    name: `${names.before}, ECE ${eceOf(before)}`,
                    color: "var(--ov-curve-6)",
                    points: points(before),
                    dashed: true,
                    dots: true,
                  },
                ]
              : []),
            {
              name: `${names.now}, ECE ${eceOf(label)}${label.boxes ? " of the proposed" : ""}`,
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
  return (
    <Stack gap={4} data-testid="confusion-matrix">
      <Title order={3}>{label.boxes ? "Confusion matrix, by case" : "Confusion matrix"}</Title>
      <MatrixTable confusion={label.confusion} name={names.now} threshold={label.threshold} />
      {before ? (
        <MatrixTable confusion={before.confusion} name={names.before} threshold={before.threshold} />
      ) : null}
    </Stack>
  );
}

function MatrixTable({
  confusion,
  name,
  threshold,
}: {
  confusion: LabelFigures["confusion"];
  name: string;
  threshold: number;
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
              threshold {formatChance(threshold, 1)}
            </Text>
          </Table.Th>
          <Table.Th ta="center">says positive</Table.Th>
          <Table.Th ta="center">says negative</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        <Table.Tr>
          <Table.Th scope="row">is positive</Table.Th>
          <Table.Td bg={good}>{confusion.true_positive}</Table.Td>
          <Table.Td bg={bad}>{confusion.false_negative}</Table.Td>
        </Table.Tr>
        <Table.Tr>
          <Table.Th scope="row">is negative</Table.Th>
          <Table.Td bg={bad}>{confusion.false_positive}</Table.Td>
          <Table.Td bg={good}>{confusion.true_negative}</Table.Td>
        </Table.Tr>
      </Table.Tbody>
    </Table>
  );
}
