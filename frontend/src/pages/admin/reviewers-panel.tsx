import { Badge, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { reviewersQuery } from "../../api/reviewers";
import type { ReviewerOut } from "../../api/types";
import { formatCount, formatPercent } from "../../ui/format";
import { Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { TableHead } from "../../ui/table-head";

/** How each reviewer decides about models' findings, and what that means for what they accept. */
export function ReviewersPanel({ project }: { project: string }) {
  const reviewers = useQuery(reviewersQuery(project));
  return (
    <Panel title="Reviewers" testId="reviewers-panel">
      {reviewers.isPending ? <Loading what="the reviewers" /> : null}
      {reviewers.isError ? (
        <Failed error={reviewers.error} what="the reviewers" onRetry={() => void reviewers.refetch()} />
      ) : null}
      {reviewers.data?.length === 0 ? (
        <Empty title="Nobody has decided about a model’s finding yet">
          How much is accepted, how fast, and against whom is shown here.
        </Empty>
      ) : null}
      {reviewers.data && reviewers.data.length > 0 ? <ReviewersTable rows={reviewers.data} /> : null}
    </Panel>
  );
}

export function ReviewersTable({ rows }: { rows: ReviewerOut[] }) {
  return (
    <Table>
      <TableHead
        of={[
          "Reviewer",
          "Findings decided",
          "Accepted",
          "Seconds between two (median)",
          "Accepted against a blind reading",
          "Verdict",
        ]}
      />
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.reviewer.id} data-testid="reviewer-row" data-habit={row.by_habit}>
            <Table.Td>{row.reviewer.display_name}</Table.Td>
            <Table.Td>{formatCount(row.decisions)}</Table.Td>
            <Table.Td style={{ whiteSpace: "nowrap" }}>
              {formatCount(row.accepted)} ({formatPercent(row.share_accepted, 1)})
            </Table.Td>
            <Table.Td>{pace(row.seconds)}</Table.Td>
            <Table.Td>
              {row.checks === 0 ? "–" : `${formatCount(row.checks_accepted)} of ${formatCount(row.checks)}`}
            </Table.Td>
            <Table.Td>
              {row.by_habit ? (
                <Badge color="yellow" mb={2}>
                  by habit
                </Badge>
              ) : null}
              <Text size="xs" c={row.by_habit ? undefined : "dimmed"}>
                {row.words}
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Seconds as they are judged; a gap too short to be written with one decimal is no zero. */
function pace(seconds: number | null): string {
  if (seconds === null) return "–";
  return seconds < 0.1 ? "under 0.1" : seconds.toFixed(seconds < 10 ? 1 : 0);
}
