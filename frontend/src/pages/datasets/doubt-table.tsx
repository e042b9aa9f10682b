import { Badge, Button, Table, Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { Doubt } from "../../api/suspects";
import { formatChance } from "../../state/chance";
import { formatWords } from "../../ui/format";
import { stateWords } from "../../ui/state-badge";
import { TableHead } from "../../ui/table-head";
import { thumbnailUrl } from "../../viewer/series-stack";

export const saysWords = (said: number) => (said === 1 ? "present" : "absent");

/** Why an answer is doubtful, in a sentence. */
export function whyWords(doubt: Doubt): string {
  const opposite = saysWords(1 - doubt.said);
  return doubt.is_suspect
    ? `The models are as sure of “${opposite}” as they usually are where people say so.`
    : `The models lean less to “${saysWords(doubt.said)}” than they usually do where people say so.`;
}

/** The stored answers with their pictures, the most doubtful first. */
export function DoubtTable({
  rows,
  chosen,
  nameOf,
  mayReopen,
  onChoose,
  onOpen,
  onReopen,
}: {
  rows: Doubt[];
  chosen: number | undefined;
  nameOf: (key: string) => string;
  mayReopen: boolean;
  onChoose: (place: number) => void;
  onOpen: (doubt: Doubt) => void;
  onReopen: (doubt: Doubt) => void;
}) {
  return (
    <Table highlightOnHover data-testid="doubt-table">
      <TableHead of={["#", "Image", "Stored answer", "Models say present", "Why", "Case"]} />
      <Table.Tbody>
        {rows.map((doubt) => (
          <Row
            key={`${doubt.place}`}
            doubt={doubt}
            isChosen={doubt.place === chosen}
            name={nameOf(doubt.label_key)}
            mayReopen={mayReopen}
            onChoose={onChoose}
            onOpen={onOpen}
            onReopen={onReopen}
          />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Row({
  doubt,
  isChosen,
  name,
  mayReopen,
  onChoose,
  onOpen,
  onReopen,
}: {
  doubt: Doubt;
  isChosen: boolean;
  name: string;
  mayReopen: boolean;
  onChoose: (place: number) => void;
  onOpen: (doubt: Doubt) => void;
  onReopen: (doubt: Doubt) => void;
}) {
  const here = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isChosen) {
      here.current?.scrollIntoView({ block: "nearest" });
    }
  }, [isChosen]);
  const { workitem } = doubt;
  return (
    <Table.Tr
      ref={here}
      aria-selected={isChosen}
      bg={isChosen ? "var(--ov-accent-soft)" : undefined}
      onClick={() => onChoose(doubt.place)}
      data-testid="doubt-row"
    >
      <Table.Td>{doubt.place}</Table.Td>
      <Table.Td>
        {workitem ? (
          <img
            src={thumbnailUrl(doubt.study_instance_uid, doubt.series_instance_uid, 96)}
            alt={`Series of ${workitem.patient_id}`}
            width={72}
            height={72}
            loading="lazy"
            style={{ objectFit: "contain", background: "black" }}
          />
        ) : null}
      </Table.Td>
      <Table.Td>
        <Text size="sm">
          {name}: <strong>{saysWords(doubt.said)}</strong>
        </Text>
        <Text size="xs" c="dimmed">
          {formatWords(doubt.provenance)}, {doubt.split}
        </Text>
      </Table.Td>
      <Table.Td>{formatChance(doubt.probability)}</Table.Td>
      <Table.Td>
        <Text size="xs">
          {doubt.is_suspect ? (
            <Badge color="orange" size="xs" mr={6}>
              suspect
            </Badge>
          ) : null}
          {whyWords(doubt)}
        </Text>
      </Table.Td>
      <Table.Td>
        {workitem ? (
          <>
            <Text size="xs">{workitem.patient_id}</Text>
            <Text size="xs" c="dimmed">
              {workitem.looked_at_again
                ? `looked at again: ${stateWords(workitem.state)}`
                : stateWords(workitem.state)}
            </Text>
            <Button.Group mt={4}>
              <Button size="compact-xs" variant="default" onClick={() => onOpen(doubt)}>
                Open
              </Button>
              {mayReopen && !workitem.looked_at_again ? (
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={() => onReopen(doubt)}
                  data-testid="doubt-reopen"
                >
                  Reopen
                </Button>
              ) : null}
            </Button.Group>
          </>
        ) : (
          <Text size="xs" c="dimmed">
            removed
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
