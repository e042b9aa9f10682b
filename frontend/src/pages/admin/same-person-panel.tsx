import { Badge, Button, Group, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  type DecisionState,
  decideSamePerson,
  type PairOfNumbersOut,
  samePersonQuery,
} from "../../api/archive";
import { samePersonInWords } from "../../state/same-person-words";
import { formatDay, formatInstant, formatPatientName } from "../../ui/format";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { ReasonDialog } from "../../ui/reason-dialog";
import { TableHead } from "../../ui/table-head";

/** Two patient numbers that count as one person's until somebody decides. */
export function SamePersonPanel({ state }: { state: DecisionState }) {
  const pairs = useQuery(samePersonQuery());
  const rows = (pairs.data ?? []).filter((pair) => pair.decisions.length > 0 === (state === "decided"));
  return (
    <Panel title="Several Patient IDs, one person?" testId="same-person-panel">
      {pairs.isPending ? <Loading what="the pairs" /> : null}
      {pairs.isError ? (
        <Failed error={pairs.error} what="the pairs" onRetry={() => void pairs.refetch()} />
      ) : null}
      {pairs.data && rows.length === 0 ? <Empty title="Nothing here" /> : null}
      {rows.map((pair) => (
        <Pair key={`${pair.first.id}-${pair.second.id}-${pair.version}`} pair={pair} />
      ))}
    </Panel>
  );
}

function Pair({ pair }: { pair: PairOfNumbersOut }) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState<"one_person" | "different" | null>(null);
  const decide = useMutation({
    mutationFn: ({ verdict, reason }: { verdict: "one_person" | "different"; reason: string }) =>
      decideSamePerson(pair, verdict, reason),
    onSuccess: () => notifyDone("Decided."),
    onError: (error) => notifyError(error, "Not decided"),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["archive", "same-person"] }),
  });
  return (
    <section data-testid="pair-of-numbers" aria-label="Two patient numbers">
      <Group gap="xs" mt="sm">
        <Text size="sm">
          {pair.reasons.length > 0
            ? `They share ${pair.reasons.map(samePersonInWords).join(", ")}.`
            : "Nothing that was sent suggests it."}
        </Text>
        {pair.decisions.length === 0 ? (
          <Badge color="yellow">Count as one person</Badge>
        ) : (
          <Badge color="green">
            {pair.decisions[0]?.verdict === "one_person" ? "One person" : "Different persons"}
          </Badge>
        )}
      </Group>
      <Table>
        <TableHead of={["Patient ID", "Issuer", "Name as sent", "Birth date", "Sex", "Studies"]} />
        <Table.Tbody>
          {[pair.first, pair.second].map((number) => (
            <Table.Tr key={number.id}>
              <Table.Td>{number.patient_id || "none"}</Table.Td>
              <Table.Td>{number.issuer_of_patient_id || "none named"}</Table.Td>
              <Table.Td>
                {number.statements.map((one) => formatPatientName(one.patient_name)).join("; ") || "–"}
              </Table.Td>
              <Table.Td>
                {[...new Set(number.statements.map((one) => formatDay(one.patient_birth_date)))].join("; ") ||
                  "–"}
              </Table.Td>
              <Table.Td>
                {[...new Set(number.statements.map((one) => one.patient_sex))].join("; ") || "–"}
              </Table.Td>
              <Table.Td>{number.studies}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group gap="xs" mt="xs">
        <Button variant="default" onClick={() => setAsking("one_person")} data-testid="one-person">
          One person…
        </Button>
        <Button variant="default" onClick={() => setAsking("different")} data-testid="different-persons">
          Different persons…
        </Button>
      </Group>
      {pair.decisions.map((one) => (
        <Text size="xs" c="dimmed" key={one.created_at}>
          {`${formatInstant(one.created_at)} · ${one.decided_by} · ${
            one.verdict === "one_person" ? "one person" : "different persons"
          }: ${one.reason}`}
        </Text>
      ))}
      <ReasonDialog
        opened={asking !== null}
        onClose={() => setAsking(null)}
        title={asking === "one_person" ? "One person under two numbers" : "Different persons"}
        body={
          asking === "one_person"
            ? "All their cases stand in one part of every snapshot frozen from now on, the strictest. Nothing is merged: each study keeps its Patient ID and what was sent in it."
            : "Their cases may stand in different parts of snapshots. A copy of one picture under both numbers is still taught only once."
        }
        yes="Decide"
        busy={decide.isPending}
        onYes={(reason) => {
          decide.mutate({ verdict: asking ?? "one_person", reason });
          setAsking(null);
        }}
      />
    </section>
  );
}
