import { Button, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { plansQuery } from "../../api/models";
import type { FamilyOut, PlanEntryOut, PlanOut } from "../../api/types";
import { formatInstant, formatWords } from "../../ui/format";
import { Panel } from "../../ui/page";
import { Failed, Loading } from "../../ui/page-states";
import { TableHead } from "../../ui/table-head";
import { PlanDialog } from "./plan-dialog";

/** What a new version must be shown to reach, who said so and why; and what was declared before. */
export function PlanPanel({ family, mayDeclare }: { family: FamilyOut; mayDeclare: boolean }) {
  const [changing, setChanging] = useState(false);
  const plans = useQuery(plansQuery(family.id));
  const present = plans.data?.plans[0];
  return (
    <Panel
      title={present ? `Change plan ${present.number}` : "Change plan"}
      testId="plan-panel"
      actions={
        mayDeclare && present ? (
          <Button variant="default" onClick={() => setChanging(true)} data-testid="plan-change">
            Declare another plan
          </Button>
        ) : null
      }
    >
      {plans.isPending ? <Loading what="the change plan" /> : null}
      {plans.isError ? <Failed error={plans.error} what="the change plan" /> : null}
      {plans.data && present ? (
        <>
          <Text size="sm" mb="xs" data-testid="plan-said">
            {saidBy(present)} It holds for trainings that are asked for from then on; a version is judged by
            the plan its training was asked for under.
          </Text>
          <Text size="sm" mb="sm" data-testid="plan-point">
            <b>Operating point:</b> {present.operating_point.sentence}
          </Text>
          <Limits plan={present} entries={plans.data.entries} />
          {plans.data.plans.length > 1 ? (
            <Earlier plans={plans.data.plans} entries={plans.data.entries} />
          ) : null}
          {changing ? (
            <PlanDialog
              family={family}
              present={present}
              entries={plans.data.entries}
              onClose={() => setChanging(false)}
            />
          ) : null}
        </>
      ) : null}
    </Panel>
  );
}

function saidBy(plan: PlanOut): string {
  const who = plan.declared_by?.display_name ?? "somebody";
  return `Declared by ${who}, ${formatInstant(plan.created_at)}: “${plan.reason}”`;
}

export function limitWords(entry: PlanEntryOut, plan: PlanOut): string {
  const value = plan.limits[entry.name];
  if (value !== undefined && value === entry.nothing_at) return "none";
  return typeof value === "string" ? formatWords(value) : String(value ?? "–");
}

function Limits({ plan, entries }: { plan: PlanOut; entries: PlanEntryOut[] }) {
  return (
    <Table>
      <Table.Tbody>
        {entries.map((entry) => (
          <Table.Tr key={entry.name} data-testid={`limit-${entry.name}`}>
            <Table.Td w={320}>{entry.title}</Table.Td>
            <Table.Td w={140} fw={600}>
              {limitWords(entry, plan)}
            </Table.Td>
            <Table.Td>
              <Text size="xs" c="dimmed">
                {entry.description}
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Each plan that another followed: what the next one changed. */
function Earlier({ plans, entries }: { plans: PlanOut[]; entries: PlanEntryOut[] }) {
  return (
    <Table mt="md" data-testid="plans-before">
      <TableHead of={["Plan", "Changed", "By", "Reason"]} />
      <Table.Tbody>
        {plans.map((plan, index) => (
          <Table.Tr key={plan.number}>
            <Table.Td>
              {plan.number}, {formatInstant(plan.created_at)}
            </Table.Td>
            <Table.Td>{changes(plan, plans[index + 1], entries)}</Table.Td>
            <Table.Td>{plan.declared_by?.display_name ?? "–"}</Table.Td>
            <Table.Td>{plan.reason}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function changes(plan: PlanOut, before: PlanOut | undefined, entries: PlanEntryOut[]): string {
  if (!before) return "the first";
  const changed = entries
    .filter((entry) => plan.limits[entry.name] !== before.limits[entry.name])
    .map((entry) => `${entry.title}: ${limitWords(entry, before)} → ${limitWords(entry, plan)}`);
  if (plan.operating_point.sentence !== before.operating_point.sentence) {
    changed.push(`Operating point: ${plan.operating_point.sentence}`);
  }
  return changed.join("; ");
}
