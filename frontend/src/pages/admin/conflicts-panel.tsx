import { Badge, Button, Group, Image, SimpleGrid, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  type ConflictOut,
  conflictPicture,
  conflictsQuery,
  type DecisionState,
  decideConflict,
} from "../../api/archive";
import { formatDay, formatInstant, formatPatientName } from "../../ui/format";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { ReasonDialog } from "../../ui/reason-dialog";
import { TableHead } from "../../ui/table-head";

/** Images that came again under their UID with other content. */
export function ConflictsPanel({ state }: { state: DecisionState }) {
  const conflicts = useQuery(conflictsQuery(state));
  return (
    <Panel title="Two versions of one image" testId="conflicts-panel">
      {conflicts.isPending ? <Loading what="the conflicts" /> : null}
      {conflicts.isError ? (
        <Failed error={conflicts.error} what="the conflicts" onRetry={() => void conflicts.refetch()} />
      ) : null}
      {conflicts.data?.length === 0 ? <Empty title="Nothing here" /> : null}
      {conflicts.data?.map((conflict) => (
        <Conflict key={conflict.id} conflict={conflict} />
      ))}
    </Panel>
  );
}

function Version({ conflict, version }: { conflict: ConflictOut; version: "first" | "second" }) {
  const [broken, setBroken] = useState(false);
  return (
    <figure style={{ margin: 0 }} data-testid={`version-${version}`}>
      <figcaption>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {version === "first" ? "Came first" : "Came again"}
          </Text>
          {conflict.shown === version ? <Badge size="sm">Shown now</Badge> : null}
        </Group>
      </figcaption>
      {broken || !conflict.is_drawn || (version === "second" && !conflict.second_is_kept) ? (
        <Text size="sm" c="dimmed">
          {version === "second" && !conflict.second_is_kept
            ? "Its bytes were not kept. Ask the sender to send it again."
            : "It has no image that can be drawn."}
        </Text>
      ) : (
        <Image
          src={conflictPicture(conflict.id, version)}
          alt={version === "first" ? "The version that came first" : "The version that came again"}
          h={256}
          w="auto"
          fit="contain"
          bg="black"
          onError={() => setBroken(true)}
        />
      )}
    </figure>
  );
}

function Conflict({ conflict }: { conflict: ConflictOut }) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState<"keep" | "supersede" | null>(null);
  const decide = useMutation({
    mutationFn: ({ verdict, reason }: { verdict: "keep" | "supersede"; reason: string }) =>
      decideConflict(conflict, verdict, reason),
    onSuccess: () => {
      notifyDone("Decided.");
      void queries.invalidateQueries({ queryKey: ["archive"] });
    },
    onError: (error) => {
      notifyError(error, "Not decided");
      void queries.invalidateQueries({ queryKey: ["archive"] });
    },
  });
  return (
    <section data-testid="conflict" aria-label={`Two versions of ${conflict.sop_instance_uid}`}>
      <Group gap="xs" mt="md">
        <Text fw={700}>{formatPatientName(conflict.patient_name)}</Text>
        <Text size="sm" c="dimmed">
          {[conflict.patient_id, formatDay(conflict.study_date), conflict.study_description]
            .filter(Boolean)
            .join(" · ")}
        </Text>
        <Badge color={conflict.kind === "header" ? "yellow" : "red"}>{conflict.kind_words}</Badge>
      </Group>
      <Text size="xs" c="dimmed">
        {`Came again ${formatInstant(conflict.created_at)} from ${conflict.received_by} (${conflict.source}); ${conflict.sop_instance_uid}`}
      </Text>
      <SimpleGrid cols={2} mt="xs">
        <Version conflict={conflict} version="first" />
        <Version conflict={conflict} version="second" />
      </SimpleGrid>
      {conflict.differences.length > 0 ? (
        <Table mt="xs" data-testid="header-differences">
          <TableHead of={["Attribute", "Came first", "Came again"]} />
          <Table.Tbody>
            {conflict.differences.map((one) => (
              <Table.Tr key={one.tag}>
                <Table.Td title={one.tag}>{one.name}</Table.Td>
                <Table.Td>{one.first ?? "(missing)"}</Table.Td>
                <Table.Td>{one.second ?? "(missing)"}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ) : (
        <Text size="sm" mt="xs">
          The headers say the same.
        </Text>
      )}
      <Group gap="xs" mt="xs">
        <Button variant="default" onClick={() => setAsking("keep")} data-testid="conflict-keep">
          {conflict.shown === "second" ? "Show the first again…" : "Keep the first…"}
        </Button>
        <Button
          onClick={() => setAsking("supersede")}
          disabled={!conflict.may_supersede || conflict.shown === "second"}
          data-testid="conflict-supersede"
        >
          Show the other instead…
        </Button>
        {conflict.kind === "study" ? (
          <Text size="sm">It belongs to another study or series: its sender used a UID twice.</Text>
        ) : null}
      </Group>
      {conflict.decisions.map((one) => (
        <Text size="xs" c="dimmed" key={one.created_at}>
          {`${formatInstant(one.created_at)} · ${one.decided_by} · ${
            one.verdict === "keep" ? "kept the first" : "showed the other"
          }: ${one.reason}`}
        </Text>
      ))}
      <ReasonDialog
        opened={asking !== null}
        onClose={() => setAsking(null)}
        title={asking === "keep" ? "Keep the version that came first" : "Show the other version instead"}
        body={
          asking === "keep"
            ? "The other version stays stored and is not shown."
            : "The version that came first stays stored. The series is indexed again, models see the new version, and readers are told that what was said before speaks of the old one."
        }
        yes="Decide"
        busy={decide.isPending}
        onYes={(reason) => {
          decide.mutate({ verdict: asking ?? "keep", reason });
          setAsking(null);
        }}
      />
    </section>
  );
}
