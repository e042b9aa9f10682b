import { Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { trainingsQuery } from "../../api/models";
import { formatAgo } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { StateBadge } from "../../ui/state-badge";
import { TableHead } from "../../ui/table-head";

/** The trainings of a project (or of all), newest first; of one family when it is named. */
export function TrainingTable({ project, familyId }: { project: string | undefined; familyId?: string }) {
  const trainings = useQuery(trainingsQuery(project));
  if (trainings.isPending) {
    return <Loading what="the trainings" />;
  }
  if (trainings.isError) {
    return <Failed error={trainings.error} what="the trainings" onRetry={() => void trainings.refetch()} />;
  }
  const rows = trainings.data.filter((run) => !familyId || run.family.id === familyId);
  if (rows.length === 0) {
    return <Empty title="No training yet">Start one from a model family, with a frozen snapshot.</Empty>;
  }
  return (
    <Table highlightOnHover>
      <TableHead of={["Started", "Family", "Snapshot", "State", "By", "Reason"]} />
      <Table.Tbody>
        {rows.map((run) => (
          <Table.Tr key={run.id} data-testid="training-row">
            <Table.Td>
              <TextLink to="/training/$trainingId" params={{ trainingId: run.id }} size="sm">
                {formatAgo(run.created_at)}
              </TextLink>
            </Table.Td>
            <Table.Td>{run.family.title}</Table.Td>
            <Table.Td>{run.snapshot?.name ?? "–"}</Table.Td>
            <Table.Td>
              <StateBadge state={run.state} />
            </Table.Td>
            <Table.Td>{run.requested_by?.display_name ?? "–"}</Table.Td>
            <Table.Td>{run.reason}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
