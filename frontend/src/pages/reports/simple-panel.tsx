import { Stack, Table, Text } from "@mantine/core";
import type { EvaluationOut, LabelFigures } from "../../api/types";
import { formatFigure, formatWords } from "../../ui/format";
import { Panel } from "../../ui/page";
import { TableHead } from "../../ui/table-head";
import { FigureCell } from "./figure-table";

/** What answers to a label score that need no model, on the same cases: whoever knows the scanner may rank well. */
export function SimplePanel({ report, nameOf }: { report: EvaluationOut; nameOf: (key: string) => string }) {
  const every = Object.entries(report.labels).filter(([, label]) => label.simple.length > 0);
  if (every.length === 0) {
    return null;
  }
  return (
    <Panel title="Answers beside those that need no model" testId="simple-panel">
      <Stack gap="lg">
        {every.map(([key, label]) => (
          <Stack key={key} gap={6} data-testid={`simple-${key}`}>
            <Text size="sm" data-testid="best-simple">
              {every.length > 1 ? `${nameOf(key)}: the` : "The"} best answer without a model on these cases:{" "}
              {label.simple[0]?.words}, ROC AUC {formatFigure(label.simple[0]?.auc.value)}.
            </Text>
            <SimpleTable label={label} />
          </Stack>
        ))}
      </Stack>
    </Panel>
  );
}

function SimpleTable({ label }: { label: LabelFigures }) {
  const rows = [{ name: "version", words: "This version", ...label }, ...label.simple];
  return (
    <Table data-testid="simple-table">
      <TableHead of={["Answer", "ROC AUC", "Sensitivity", "Specificity"]} />
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.name} fw={row.name === "version" ? 600 : undefined}>
            <Table.Td>{formatWords(row.words)}</Table.Td>
            <Table.Td>
              <FigureCell figure={row.auc} />
            </Table.Td>
            <Table.Td>
              <FigureCell figure={row.sensitivity} />
            </Table.Td>
            <Table.Td>
              <FigureCell figure={row.specificity} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
