import { Button, Group, Modal, Stack, Table, Text, VisuallyHidden } from "@mantine/core";
import { useEffect } from "react";
import type { RevisionContent } from "../../geometry/content";
import { pixelsIn } from "../../geometry/runs";
import { useSaveStatus } from "../../state/reading-save-status";
import { session, useReading } from "../../state/reading-session";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";
import { formatInstant } from "../../ui/format";
import { labelMeaning } from "../../viewer/findings-on-frame";
import { ShapePair } from "./shape-pair";

function says(content: RevisionContent, deleted: boolean): [string, string][] {
  const pixels = content.mask?.frames.reduce((sum, frame) => sum + pixelsIn(frame.runs), 0);
  return [
    ["Label", content.label_key ? labelMeaning(content.label_key) : "—"],
    ...(content.kind === "image_label"
      ? [["Answer", content.present ? "present" : "absent"] as [string, string]]
      : []),
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
  const me = useReading((state) => state.me);
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
  const { head, mineDeleted } = conflict;
  const theirsDeleted = head.cause === "delete";
  const own = head.author !== null && head.author.id === me?.id;
  const [here, there] = own ? ["This window", "Your other window"] : ["Mine", "Theirs"];
  const mine = says(conflict.mine, mineDeleted);
  const theirs = says(head.content, theirsDeleted);
  return (
    <Modal
      opened={open}
      onClose={() => setReadingUi({ dialog: null })}
      title={own ? "You changed this finding in another window" : "This finding was changed by someone else"}
      size="lg"
    >
      <Stack gap="sm" data-testid="conflict-dialog" data-own={own}>
        <Text size="sm">
          {own ? "Your other window" : (head.author?.display_name ?? "Someone")} saved another version on{" "}
          {formatInstant(head.created_at)}. Both are kept in the history; choose which one stands.
        </Text>
        <Group align="flex-start" wrap="nowrap">
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>
                  <VisuallyHidden>Fact</VisuallyHidden>
                </Table.Th>
                <Table.Th>{here}</Table.Th>
                <Table.Th>{there}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {mine.map(([name, value], index) => (
                <Table.Tr key={name}>
                  <Table.Td c="dimmed">{name}</Table.Td>
                  <Table.Td>{value}</Table.Td>
                  <Table.Td fw={value === theirs[index]?.[1] ? undefined : 700}>
                    {theirs[index]?.[1]}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <ShapePair
            mine={mineDeleted ? null : conflict.mine}
            theirs={theirsDeleted ? null : head.content}
            mineName={here ?? ""}
            theirsName={there ?? ""}
          />
        </Group>
        <Group justify="flex-end">
          {mineDeleted || theirsDeleted || conflict.mine.kind === "image_label" ? null : (
            <Button variant="default" data-testid="conflict-both" onClick={() => settle("both")}>
              Keep both
            </Button>
          )}
          <Button variant="default" data-testid="conflict-theirs" onClick={() => settle("theirs")}>
            {theirsDeleted ? "Leave it deleted" : own ? "Keep the other window's" : "Keep theirs"}
          </Button>
          <Button data-testid="conflict-mine" onClick={() => settle("mine")}>
            {mineDeleted ? "Delete it" : own ? "Keep this window's" : "Keep mine"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
