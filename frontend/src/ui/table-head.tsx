import { Table } from "@mantine/core";

/** What the columns of a table hold, in words. */
export function TableHead({ of }: { of: readonly string[] }) {
  return (
    <Table.Thead>
      <Table.Tr>
        {of.map((words) => (
          <Table.Th key={words}>{words}</Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}
