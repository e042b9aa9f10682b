import { Badge, Button, Group, Select, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  type DecisionState,
  decideIdentity,
  type IdentityOut,
  identitiesQuery,
  type StatedOut,
} from "../../api/archive";
import { formatDay, formatInstant, formatMany, formatPatientName } from "../../ui/format";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { ReasonDialog } from "../../ui/reason-dialog";
import { TableHead } from "../../ui/table-head";

/** Patient IDs under which different names, birth dates or sexes were sent. */
export function IdentitiesPanel({ state }: { state: DecisionState }) {
  const groups = useQuery(identitiesQuery(state));
  return (
    <Panel title="One Patient ID, different persons?" testId="identities-panel">
      {groups.isPending ? <Loading what="the Patient IDs" /> : null}
      {groups.isError ? (
        <Failed error={groups.error} what="the Patient IDs" onRetry={() => void groups.refetch()} />
      ) : null}
      {groups.data?.length === 0 ? <Empty title="Nothing here" /> : null}
      {groups.data?.map((group) => (
        <IdentityGroup
          key={`${group.id}-${group.statements.length}-${group.decisions.length}`}
          group={group}
        />
      ))}
    </Panel>
  );
}

const issuerOf = (group: IdentityOut) =>
  [group.issuer_of_patient_id, group.issuer_qualifiers].filter(Boolean).join(" · ") || "no issuer named";

function IdentityGroup({ group }: { group: IdentityOut }) {
  const queries = useQueryClient();
  const named = group.patient_id ? `Patient ID ${group.patient_id}` : "A study without a Patient ID";
  const [person, setPerson] = useState(() =>
    group.statements.map((one, index) =>
      group.is_open && group.decisions.length === 0 ? index + 1 : one.person,
    ),
  );
  const [asking, setAsking] = useState<"same" | "different" | null>(null);
  const numbers = [...new Set(person)].sort((a, b) => a - b);
  const decide = useMutation({
    mutationFn: ({ persons, reason }: { persons: StatedOut["statement"][][]; reason: string }) =>
      decideIdentity(group, persons, reason),
    onSuccess: () => {
      notifyDone(`Decided: ${named}.`);
      void queries.invalidateQueries({ queryKey: ["archive"] });
      void queries.invalidateQueries({ queryKey: ["workitems"] });
    },
    onError: (error) => {
      notifyError(error, "Not decided");
      void queries.invalidateQueries({ queryKey: ["archive"] });
    },
  });
  const parted = (how: "same" | "different") =>
    how === "same"
      ? [group.statements.map((one) => one.statement)]
      : numbers.map((number) =>
          group.statements.filter((_, index) => person[index] === number).map((one) => one.statement),
        );
  return (
    <section data-testid="identity-group" aria-label={named}>
      <Group gap="xs" mt="sm">
        <Text fw={700}>{group.patient_id || named}</Text>
        <Text size="sm" c="dimmed">
          {issuerOf(group)}
        </Text>
        {group.is_open ? <Badge color="red">To decide</Badge> : <Badge color="green">Decided</Badge>}
      </Group>
      <Table>
        <TableHead of={["Name as sent", "Birth date", "Sex", "Sent in", "Person"]} />
        <Table.Tbody>
          {group.statements.map(({ statement, studies }, index) => (
            <Table.Tr
              key={`${statement.patient_name}|${statement.patient_birth_date}|${statement.patient_sex}`}
              data-testid="identity-statement"
            >
              <Table.Td>{formatPatientName(statement.patient_name)}</Table.Td>
              <Table.Td>{formatDay(statement.patient_birth_date) || "–"}</Table.Td>
              <Table.Td>{statement.patient_sex || "–"}</Table.Td>
              <Table.Td>
                {studies.map((study) => (
                  <Text size="xs" key={study.study_instance_uid}>
                    {[formatDay(study.study_date), study.modalities.join("/"), study.study_description]
                      .filter(Boolean)
                      .join(" · ")}{" "}
                    <Text span c="dimmed" size="xs">
                      {study.projects.join(", ")}
                    </Text>
                  </Text>
                ))}
              </Table.Td>
              <Table.Td w={130}>
                <Select
                  aria-label={`Person of ${formatPatientName(statement.patient_name)}`}
                  allowDeselect={false}
                  value={String(person[index])}
                  data={group.statements.map((_, place) => ({
                    value: String(place + 1),
                    label: `Person ${place + 1}`,
                  }))}
                  onChange={(chosen) =>
                    setPerson((before) =>
                      before.map((one, place) => (place === index ? Number(chosen) : one)),
                    )
                  }
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group gap="xs" mt="xs">
        <Button variant="default" onClick={() => setAsking("same")} data-testid="identity-same">
          All one person…
        </Button>
        <Button
          onClick={() => setAsking("different")}
          disabled={numbers.length < 2}
          data-testid="identity-different"
        >
          {`${numbers.length} different persons…`}
        </Button>
      </Group>
      {group.decisions.map((one) => (
        <Text size="xs" c="dimmed" key={one.created_at}>
          {`${formatInstant(one.created_at)} · ${one.decided_by} · ${formatMany(one.persons.length, "person", "persons")}: ${one.reason}`}
        </Text>
      ))}
      <ReasonDialog
        opened={asking !== null}
        onClose={() => setAsking(null)}
        title={asking === "same" ? "All one person" : "Different persons"}
        body={
          asking === "same"
            ? "Every study keeps the name, birth date and sex that were sent in it; they are no longer flagged."
            : "Each study goes to its person and keeps what was sent in it. All of them stay in one part of every dataset split."
        }
        yes="Decide"
        busy={decide.isPending}
        onYes={(reason) => {
          decide.mutate({ persons: parted(asking ?? "same"), reason });
          setAsking(null);
        }}
      />
    </section>
  );
}
