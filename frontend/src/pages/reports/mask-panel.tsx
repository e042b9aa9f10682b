import { Stack, Table, Text } from "@mantine/core";
import type { EvaluationOut, LabelFigures } from "../../api/types";
import { sizeWords } from "../../state/report-figures";
import { formatFigure, formatMany, formatWords } from "../../ui/format";
import { Panel } from "../../ui/page";
import { TableHead } from "../../ui/table-head";
import { FigureCell } from "./figure-table";

type Masks = NonNullable<LabelFigures["segmentation"]>;

const masksOf = (report: EvaluationOut) =>
  Object.entries(report.labels).flatMap(([key, label]) =>
    label.segmentation ? [{ key, masks: label.segmentation }] : [],
  );

export const hasExamples = (report: EvaluationOut) =>
  Object.values(report.labels).some(
    (label) => (label.segmentation?.examples.length ?? 0) + (label.boxes?.examples.length ?? 0) > 0,
  );

const cases = (count: number) => formatMany(count, "case", "cases");

/** How the cases were counted, in sentences: none is left out unseen. */
function counted(masks: Masks): string[] {
  if (masks.with_mask == null) {
    return ["Measured before empty cases were counted: evaluate the version again."];
  }
  const healthy = masks.n - masks.with_mask;
  const said = [`${cases(masks.with_mask)} with a mask and ${healthy} without.`];
  if (masks.missed) {
    said.push(`Missed altogether: ${masks.missed}; each counts with a Dice of 0.`);
  }
  if (masks.unpainted) {
    said.push(
      `Left without any paint: ${masks.unpainted}; their surface distance is the diagonal of the image.`,
    );
  }
  if (masks.other_unit) {
    said.push(
      `${cases(masks.other_unit)} of another unit than ${sizeWords[masks.extent_unit] ?? masks.extent_unit}: not in distances and sizes.`,
    );
  }
  if (masks.without_place) {
    said.push(
      `${cases(masks.without_place)} said to be positive without a drawn mask: not in these figures.`,
    );
  }
  return said;
}

/** What the figures of masks are counted on, and what an answer without a model scores on the same cases. */
export function MaskPanel({ report, nameOf }: { report: EvaluationOut; nameOf: (key: string) => string }) {
  const every = masksOf(report);
  if (every.length === 0) {
    return null;
  }
  return (
    <Panel title="Masks beside answers that need no model" testId="mask-panel">
      <Stack gap="lg">
        {every.map(({ key, masks }) => (
          <Stack key={key} gap={6} data-testid={`masks-${key}`}>
            <Text size="sm">
              {every.length > 1 ? `${nameOf(key)}: ` : ""}
              {counted(masks).join(" ")}
            </Text>
            {masks.trivial.length > 0 ? <TrivialTable masks={masks} /> : null}
          </Stack>
        ))}
      </Stack>
    </Panel>
  );
}

function TrivialTable({ masks }: { masks: Masks }) {
  const best = masks.trivial[0];
  return (
    <>
      {best ? (
        <Text size="sm" data-testid="best-trivial">
          The best answer without a model on these cases: {best.words}, Dice {formatFigure(best.dice.value)}.
        </Text>
      ) : null}
      <Table data-testid="trivial-table">
        <TableHead of={["Answer", "Dice", "Healthy cases left clean"]} />
        <Table.Tbody>
          <Table.Tr fw={600}>
            <Table.Td>This version</Table.Td>
            <Table.Td>
              <FigureCell figure={masks.dice} />
            </Table.Td>
            <Table.Td>
              <FigureCell figure={masks.specificity} />
            </Table.Td>
          </Table.Tr>
          {masks.trivial.map((answer) => (
            <Table.Tr key={answer.name}>
              <Table.Td>{formatWords(answer.words)}</Table.Td>
              <Table.Td>
                <FigureCell figure={answer.dice} />
              </Table.Td>
              <Table.Td>
                <FigureCell figure={answer.specificity} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}
