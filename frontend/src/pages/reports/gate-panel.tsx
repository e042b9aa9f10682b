import { Alert, Badge, Table, Text } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import type { GateOut } from "../../api/types";
import { Panel } from "../../ui/page";

/** Pass or fail, and the sentence of every criterion. */
export function GatePanel({ gate }: { gate: GateOut }) {
  // The title already says "Passed".
  const detail = [gate.sentence.replace(/^Passed\.\s*/, ""), gate.power.sentence].filter(Boolean).join(" ");
  return (
    <Panel title="The gate" testId="gate-panel">
      <Alert
        color={gate.passed ? "green" : "red"}
        icon={gate.passed ? <IconCircleCheck size={18} /> : <IconCircleX size={18} />}
        title={gate.passed ? "Passed" : "Not passed"}
        mb="sm"
        data-testid="gate-verdict"
        data-passed={gate.passed}
      >
        {detail ? <Text size="sm">{detail}</Text> : null}
      </Alert>
      <Table>
        <Table.Tbody>
          {gate.criteria.map((criterion) => (
            <Table.Tr key={criterion.id} data-testid="gate-criterion">
              <Table.Td w={140}>
                <Badge color={criterion.passed === null ? "gray" : criterion.passed ? "green" : "red"}>
                  {criterion.passed === null ? "cannot tell" : criterion.passed ? "met" : "not met"}
                </Badge>
              </Table.Td>
              <Table.Td w={340}>{criterion.title}</Table.Td>
              <Table.Td>
                {criterion.sentence}
                {criterion.required ? null : (
                  <Text span size="xs" c="dimmed" ml={6}>
                    (told, not required)
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Panel>
  );
}
