import { Badge, Table } from "@mantine/core";
import {
  type FigureName,
  figureNames,
  figureOf,
  figureWords,
  type SubgroupRow,
} from "../../state/report-figures";
import { formatWords } from "../../ui/format";
import { Empty } from "../../ui/page-states";
import { FigureCell } from "./figure-table";

/** The figures of each subgroup; where there are too few cases the row says so instead of looking like a result. */
export function SubgroupTable({
  rows,
  before,
  nameOf,
}: {
  rows: SubgroupRow[];
  before: SubgroupRow[];
  nameOf: (key: string) => string;
}) {
  const shown = figureNames.filter(
    (name) => name !== "accuracy" && rows.some((row) => figureOf(row.figures, name) !== null),
  );
  if (rows.length === 0) {
    return (
      <Empty title="No subgroups">
        The images say neither sex, age, view nor scanner, so nothing can be compared.
      </Empty>
    );
  }
  return (
    <Table highlightOnHover data-testid="subgroup-table">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Group</Table.Th>
          <Table.Th>Label</Table.Th>
          <Table.Th>Cases (positive)</Table.Th>
          {shown.map((name) => (
            <Table.Th key={name}>{figureWords[name]}</Table.Th>
          ))}
          {before.length > 0 ? <Table.Th>Live then: {figureWords[shown[0] ?? "auc"]}</Table.Th> : null}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <SubgroupLine
            key={`${row.dimension} ${row.value} ${row.label}`}
            row={row}
            shown={shown}
            nameOf={nameOf}
            compared={before.length > 0}
            before={before.find(
              (old) => old.dimension === row.dimension && old.value === row.value && old.label === row.label,
            )}
          />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function SubgroupLine({
  row,
  shown,
  nameOf,
  compared,
  before,
}: {
  row: SubgroupRow;
  shown: FigureName[];
  nameOf: (key: string) => string;
  compared: boolean;
  before: SubgroupRow | undefined;
}) {
  const dim = row.figures.too_few ? "dimmed" : undefined;
  return (
    <Table.Tr data-few={row.figures.too_few} data-testid="subgroup-row">
      <Table.Td>
        {formatWords(row.dimension)}: {row.value}{" "}
        {row.figures.too_few ? (
          <Badge color="yellow" title="The intervals are too wide to say anything about this group">
            too few
          </Badge>
        ) : null}
      </Table.Td>
      <Table.Td>{nameOf(row.label)}</Table.Td>
      <Table.Td>
        {row.figures.n} ({row.figures.positives})
      </Table.Td>
      {shown.map((name) => (
        <Table.Td key={name} c={dim}>
          <FigureCell figure={figureOf(row.figures, name)} />
        </Table.Td>
      ))}
      {compared ? (
        <Table.Td c="dimmed">
          <FigureCell figure={before ? figureOf(before.figures, shown[0] ?? "auc") : null} />
        </Table.Td>
      ) : null}
    </Table.Tr>
  );
}
