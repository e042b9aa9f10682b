import { Alert, Button, Group, Table } from "@mantine/core";
import type { ChangedFields } from "./use-changed-fields";

const shown = (value: unknown): string =>
  typeof value === "string"
    ? value || "—"
    : Array.isArray(value)
      ? value.join(", ") || "—"
      : String(value ?? "—");

/** Somebody else changed the same fields meanwhile: both words, and the choice. */
export function FieldClashes<Values extends Record<string, unknown>>({
  form,
  names,
}: {
  form: ChangedFields<Values>;
  names: Partial<Record<keyof Values, string>>;
}) {
  if (form.clashes.length === 0) {
    return null;
  }
  return (
    <Alert
      color="yellow"
      title="Somebody else changed this meanwhile"
      role="alert"
      data-testid="field-clashes"
    >
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th />
            <Table.Th>Yours, not saved</Table.Th>
            <Table.Th>Theirs, saved</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {form.clashes.map(({ field, mine, theirs }) => (
            <Table.Tr key={String(field)}>
              <Table.Td>{names[field] ?? String(field)}</Table.Td>
              <Table.Td>{shown(mine)}</Table.Td>
              <Table.Td>{shown(theirs)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group gap={6} mt="xs">
        <Button size="compact-sm" variant="default" data-testid="clash-theirs" onClick={form.takeTheirs}>
          Take theirs
        </Button>
        <Button size="compact-sm" variant="default" data-testid="clash-mine" onClick={form.keepMine}>
          Keep mine
        </Button>
      </Group>
    </Alert>
  );
}
