import { Alert, Button, Group, List, Text } from "@mantine/core";
import { useState } from "react";
import type { FamilyOut, SnapshotCounts, UnsettledName } from "../../api/types";
import { formatCount, formatMany } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { ReadAgainDialog } from "./read-again-dialog";
import { lacks, unsettledKeys } from "./teaching-words";

/** How many patients of a kind a verdict needs: the strictest of the project's families that learn the label. */
const needed = (families: FamilyOut[], key: string, kind: "positive" | "negative"): number =>
  Math.max(
    0,
    ...families
      .filter((family) => family.label_keys.includes(key))
      .map((family) => family.plan.patients_wanted[kind]),
  );

interface Line {
  key: string;
  name: string;
  positive: number;
  negative: number;
  lacking: Partial<Record<UnsettledName, number>>;
  /** Some model learns it, so that its plan says how many patients a verdict needs. */
  learned: boolean;
}

function linesOf(
  counts: SnapshotCounts,
  labels: { key: string; name: string }[],
  families: FamilyOut[],
): Line[] {
  return labels.flatMap(({ key, name }) => {
    const held = counts.splits.test.labels[key];
    const positive = Math.max(0, needed(families, key, "positive") - (held?.positive_patients ?? 0));
    const negative = Math.max(0, needed(families, key, "negative") - (held?.negative_patients ?? 0));
    const lacking = counts.gap?.labels[key] ?? {};
    const learned = families.some((family) => family.label_keys.includes(key));
    return positive + negative > 0 || Object.keys(lacking).length > 0
      ? [{ key, name, positive, negative, lacking, learned }]
      : [];
  });
}

/** What the locked test lacks for a verdict, and which readings would fill it. */
export function TestGap({
  counts,
  labels,
  families,
  project,
  request,
  unblind,
}: {
  counts: SnapshotCounts;
  labels: { key: string; name: string }[];
  families: FamilyOut[];
  project: string;
  /** Whose answer these counts are. */
  request: string;
  /** Some cases lack nothing but a blind reading. */
  unblind: boolean;
}) {
  const [choosing, setChoosing] = useState(false);
  const lines = linesOf(counts, labels, families);
  if (lines.length === 0) {
    return null;
  }
  const waiting = counts.gap?.waiting ?? 0;
  return (
    <Alert color="yellow" title="What the locked test lacks" data-testid="test-gap">
      <List size="sm">
        {lines.map((line) => (
          <List.Item key={line.key} data-testid={`test-gap-${line.key}`}>
            {line.name}: {wordsOf(line)}
          </List.Item>
        ))}
      </List>
      <Text size="xs" mt={4}>
        Only what was read blind, or adjudicated, may test.{" "}
        {waiting > 0 ? (
          <>
            {formatMany(waiting, "case of a test patient is", "cases of test patients are")} not signed off
            yet:{" "}
            <TextLink to="/worklist" search={{ project }} size="xs">
              to the worklist
            </TextLink>
            .
          </>
        ) : (
          `Each case of a test patient is signed off: read more patients${unblind ? ", or have these read again" : ""}.`
        )}
      </Text>
      {unblind ? (
        <Group mt="xs">
          <Button size="xs" variant="default" onClick={() => setChoosing(true)} data-testid="read-again-open">
            Have cases read again, blind…
          </Button>
        </Group>
      ) : null}
      <ReadAgainDialog
        request={request}
        opened={choosing}
        onClose={() => setChoosing(false)}
        nameOf={(key) => labels.find((label) => label.key === key)?.name ?? key}
      />
    </Alert>
  );
}

function wordsOf(line: Line): string {
  const more = line.positive + line.negative;
  const kinds = [
    line.positive > 0 ? `${formatCount(line.positive)} with it` : "",
    line.negative > 0 ? `${formatCount(line.negative)} without` : "",
  ].filter(Boolean);
  const first =
    more > 0
      ? `${formatMany(more, "more patient", "more patients")} read blind: ${kinds.join(" and ")}. `
      : line.learned
        ? "enough for a verdict. "
        : "no model learns it yet, so no plan says how many patients a verdict needs. ";
  const cases = unsettledKeys.flatMap((why) => {
    const count = line.lacking[why] ?? 0;
    return count > 0 ? [formatMany(count, ...lacks[why])] : [];
  });
  return cases.length > 0 ? `${first}Of the test patients’ cases ${cases.join(", ")}.` : first;
}
