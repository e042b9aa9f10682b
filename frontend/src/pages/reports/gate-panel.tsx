import { Alert, Badge, Table, Text } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconHelpCircle } from "@tabler/icons-react";
import type { GateOut } from "../../api/types";
import { Panel } from "../../ui/page";

type Criterion = GateOut["criteria"][number];

/** The three verdicts: "cannot tell" is no refusal, and is not shown as one. */
const VERDICTS = {
  passed: { title: "Passed", color: "green", Icon: IconCircleCheck },
  refused: { title: "Refused", color: "red", Icon: IconCircleX },
  cannot_tell: { title: "Cannot tell", color: "yellow", Icon: IconHelpCircle },
} as const;

const ROLES = {
  required: "must be shown",
  guard: "refuses where harm is shown",
  told: "told, decides nothing",
} as const;

/** Verdict, and the sentence of every criterion. */
export function GatePanel({ gate, look }: { gate: GateOut; look: string }) {
  const { title, color, Icon } = VERDICTS[gate.verdict];
  // The title already says the verdict, and a verdict that cannot be told says the test set's size itself.
  const sentence = gate.sentence.replace(/^(Passed|Refused|Cannot tell)\.\s*/, "");
  const power = sentence.includes(gate.power.sentence) ? "" : gate.power.sentence;
  const detail = [sentence, power].filter(Boolean).join(" ");
  return (
    <Panel title="The gate" testId="gate-panel">
      <Alert
        color={color}
        icon={<Icon size={18} />}
        title={title}
        mb="sm"
        data-testid="gate-verdict"
        data-verdict={gate.verdict}
      >
        {detail ? <Text size="sm">{detail}</Text> : null}
        {gate.excusable ? (
          <Text size="sm" mt={4} data-testid="gate-excusable">
            Only where it looks stands against this first version. An admin may answer for it by name; that
            stays on the version for ever.
          </Text>
        ) : null}
        {look ? (
          <Text size="sm" mt={4} data-testid="gate-look">
            {look}
          </Text>
        ) : null}
      </Alert>
      <Table>
        <Table.Tbody>
          {gate.criteria.map((criterion) => (
            <Table.Tr key={criterion.id} data-testid="gate-criterion">
              <Table.Td w={140}>
                <Badge color={colorOf(criterion)}>{wordOf(criterion)}</Badge>
              </Table.Td>
              <Table.Td w={340}>{criterion.title}</Table.Td>
              <Table.Td>
                {criterion.sentence}
                <Text span size="xs" c="dimmed" ml={6}>
                  ({ROLES[criterion.role]})
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Panel>
  );
}

/** Where there is no limit, nothing was asked: that is neither met nor left open. */
function wordOf(criterion: Criterion): string {
  if (criterion.passed === null && criterion.limit === null) return "not judged";
  return criterion.passed === null ? "cannot tell" : criterion.passed ? "met" : "not met";
}

/** Red is a harm that refuses: what is only told is never red. */
function colorOf(criterion: Criterion): string {
  if (criterion.passed === null)
    return criterion.role === "required" && criterion.limit !== null ? "yellow" : "gray";
  if (criterion.passed) return "green";
  return criterion.role === "told" ? "yellow" : "red";
}
