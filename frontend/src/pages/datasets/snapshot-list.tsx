import { Badge, Button, Code, CopyButton, Group, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { snapshotQuery, snapshotsQuery } from "../../api/snapshots";
import type { ProjectOut } from "../../api/types";
import { formatCount, formatInstant, shortDigest } from "../../ui/format";
import { ButtonLink, TextLink } from "../../ui/links";
import { Facts, Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { useQuestion } from "../../ui/recipe-choice";
import { TableHead } from "../../ui/table-head";
import { CountsTable } from "./counts-view";

const nameOf = (project: ProjectOut, key: string) =>
  project.labels.find((label) => label.key === key)?.code_meaning ?? key;

export function SnapshotList({ project, chosen }: { project: ProjectOut; chosen: string | undefined }) {
  const snapshots = useQuery(snapshotsQuery(project.slug));
  return (
    <Panel title="Snapshots" testId="snapshot-list">
      {snapshots.isPending ? <Loading what="the snapshots" /> : null}
      {snapshots.isError ? (
        <Failed error={snapshots.error} what="the snapshots" onRetry={() => void snapshots.refetch()} />
      ) : null}
      {snapshots.data?.length === 0 ? (
        <Empty title="Nothing is frozen yet">
          Read and review cases; what was accepted or corrected can be frozen and learned from.
        </Empty>
      ) : null}
      {snapshots.data && snapshots.data.length > 0 ? (
        <Table highlightOnHover>
          <TableHead
            of={["Name", "What is asked", "Labels", "Images", "Patients", "Frozen", "By", "Digest"]}
          />
          <Table.Tbody>
            {snapshots.data.map((snapshot) => {
              const counts = snapshot.counts;
              return (
                <Table.Tr
                  key={snapshot.id}
                  bg={snapshot.id === chosen ? "var(--ov-accent-soft)" : undefined}
                  data-testid="snapshot-row"
                >
                  <Table.Td>
                    <TextLink
                      to="/datasets"
                      search={{ project: project.slug, snapshot: snapshot.id }}
                      size="sm"
                    >
                      {snapshot.name}
                    </TextLink>
                  </Table.Td>
                  <Table.Td>
                    <Asked question={snapshot.question} />
                  </Table.Td>
                  <Table.Td>{snapshot.label_keys.map((key) => nameOf(project, key)).join(", ")}</Table.Td>
                  <Table.Td>{formatCount(counts.cases)}</Table.Td>
                  <Table.Td>{formatCount(counts.patients)}</Table.Td>
                  <Table.Td>{formatInstant(snapshot.created_at)}</Table.Td>
                  <Table.Td>{snapshot.frozen_by?.display_name ?? "–"}</Table.Td>
                  <Table.Td>
                    <Code title={snapshot.digest}>{shortDigest(snapshot.digest)}</Code>
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      ) : null}
    </Panel>
  );
}

function Asked({ question }: { question: string }) {
  return <>{useQuestion(question)?.title ?? question}</>;
}

export function SnapshotDetail({ id, project }: { id: string; project: ProjectOut }) {
  const snapshot = useQuery(snapshotQuery(id));
  const asks = useQuestion(snapshot.data?.question);
  if (snapshot.isPending) {
    return <Loading what="the snapshot" />;
  }
  if (snapshot.isError) {
    return <Failed error={snapshot.error} what="the snapshot" onRetry={() => void snapshot.refetch()} />;
  }
  const { data } = snapshot;
  const labels = data.label_keys.map((key) => {
    const label = project.labels.find((row) => row.key === key);
    return { key, name: nameOf(project, key), color: label?.color ?? "var(--ov-accent)" };
  });
  return (
    <Panel
      title={
        <Group gap="xs">
          {data.name} <Badge color="signal">frozen</Badge>
        </Group>
      }
      testId="snapshot-detail"
      actions={
        <Group gap="xs">
          {asks?.label_use === "image" ? (
            <ButtonLink
              to="/datasets/doubtful"
              search={{ project: project.slug, snapshot: data.id }}
              variant="default"
              size="compact-xs"
              data-testid="doubtful-link"
            >
              Doubtful labels
            </ButtonLink>
          ) : null}
          <CopyButton value={data.digest}>
            {({ copied, copy }) => (
              <Button variant="default" size="compact-xs" onClick={copy}>
                {copied ? "Copied" : "Copy digest"}
              </Button>
            )}
          </CopyButton>
        </Group>
      }
    >
      <Facts
        rows={[
          ["What is asked", asks?.title ?? data.question],
          ["Frozen", formatInstant(data.created_at)],
          ["By", data.frozen_by?.display_name ?? "–"],
          ["Digest", <Code key="digest">{data.digest}</Code>],
        ]}
      />
      <CountsTable counts={data.counts} labels={labels} />
      <TextLink to="/datasets/$snapshotId/sheet" params={{ snapshotId: data.id }} size="sm">
        Datasheet
      </TextLink>
    </Panel>
  );
}
