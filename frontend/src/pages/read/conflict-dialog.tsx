import { Button, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { useEffect } from "react";
import type { RevisionContent } from "../../geometry/content";
import { pixelsIn } from "../../geometry/runs";
import { useSaveStatus } from "../../state/reading-autosave";
import { session } from "../../state/reading-session";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";
import { labelMeaning } from "../../viewer/findings-on-frame";
import { momentOf } from "./words";

function says(content: RevisionContent, deleted: boolean): [string, string][] {
  const pixels = content.mask?.frames.reduce((sum, frame) => sum + pixelsIn(frame.runs), 0);
  return [
    ["Label", content.label_key ? labelMeaning(content.label_key) : "—"],
    ["Name", content.name || "—"],
    ["Text", content.text || "—"],
    [
      "Where",
      deleted
        ? "deleted"
        : content.mask
          ? `${pixels} pixels`
          : content.geometry
            ? `${content.geometry.points.length} points`
            : "whole image",
    ],
  ];
}

/** Two people changed one finding: nothing is lost, one decides. */
export function ConflictDialog() {
  const conflict = useSaveStatus((state) => state.conflict);
  const open = useReadingUi((state) => state.dialog === "conflict");
  useEffect(() => {
    if (conflict) {
      setReadingUi({ dialog: "conflict" });
    }
  }, [conflict]);
  if (!conflict) {
    return null;
  }
  const settle = (choice: "mine" | "theirs" | "both") => {
    setReadingUi({ dialog: null });
    void session.resolveConflict(conflict.key, choice);
  };
  const mine = says(conflict.mine, conflict.mineDeleted);
  const theirs = says(conflict.head.content, conflict.head.cause === "delete");
  return (
    <Modal
      opened={open}
      onClose={() => setReadingUi({ dialog: null })}
      title="This finding was changed by someone else"
      size="lg"
    >
      <Stack gap="sm" data-testid="conflict-dialog">
        <Text size="sm">
          {conflict.head.author?.display_name ?? "Someone"} saved another version on{" "}
          {momentOf(conflict.head.created_at)}. Both are kept in the history; choose which one stands.
        </Text>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th />
              <Table.Th>Mine</Table.Th>
              <Table.Th>Theirs</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {mine.map(([name, value], index) => (
              <Table.Tr key={name}>
                <Table.Td c="dimmed">{name}</Table.Td>
                <Table.Td>{value}</Table.Td>
                <Table.Td fw={value === theirs[index]?.[1] ? undefined : 700}>{theirs[index]?.[1]}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Group justify="flex-end">
          <Button variant="default" data-testid="conflict-both" onClick={() => settle("both")}>
            Keep both
          </Button>
          <Button variant="default" data-testid="conflict-theirs" onClick={() => settle("theirs")}>
            Keep theirs
          </Button>
          <Button data-testid="conflict-mine" onClick={() => settle("mine")}>
            Keep mine
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
