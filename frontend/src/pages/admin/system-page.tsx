import { Badge, Button, SegmentedControl, Table, Text, VisuallyHidden } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { cancelJob, jobsQuery, systemQuery } from "../../api/system";
import type { JobOut } from "../../api/types";
import { useMay } from "../../state/session";
import { formatAgo, formatBytes, formatCount, formatDuration, formatWords } from "../../ui/format";
import { notifyDone, notifyError } from "../../ui/notify";
import { Facts, PageBody, Panel } from "../../ui/page";
import { Empty, Failed, Forbidden, Loading } from "../../ui/page-states";
import { StateBadge } from "../../ui/state-badge";

export function SystemPage() {
  const allowed = useMay("system.read");
  return allowed ? (
    <PageBody testId="system-page" title="System" about="What runs here, and how well.">
      <StatusPanel />
      <JobsPanel />
    </PageBody>
  ) : (
    <Forbidden what="Seeing the system" />
  );
}

function StatusPanel() {
  const status = useQuery(systemQuery);
  if (status.isPending) {
    return <Loading what="the state of the system" />;
  }
  if (status.isError) {
    return (
      <Failed error={status.error} what="the state of the system" onRetry={() => void status.refetch()} />
    );
  }
  const facts = status.data;
  return (
    <Panel title="Health" testId="system-status">
      <Table mb="md">
        <Table.Tbody>
          {facts.checks.map((check) => (
            <Table.Tr key={check.name}>
              <Table.Td w={140}>{formatWords(check.name)}</Table.Td>
              <Table.Td w={90}>
                <Badge color={check.ok ? "green" : "red"}>{check.ok ? "well" : "look"}</Badge>
              </Table.Td>
              <Table.Td>{check.message}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Facts
        rows={[
          ["Version", `${facts.version} (${facts.mode})`],
          ["Python, Django", `${facts.python}, ${facts.django}`],
          ["Database", facts.database],
          ["Broker", facts.broker],
          ["Image store", facts.blob_store],
          ["Free disk", formatBytes(facts.disk_free_bytes)],
          ["Studies", formatCount(facts.studies)],
          ["Images", formatCount(facts.instances)],
          ["Jobs waiting, running", `${formatCount(facts.jobs_waiting)}, ${formatCount(facts.jobs_running)}`],
        ]}
      />
    </Panel>
  );
}

function JobsPanel() {
  const [state, setState] = useState("all");
  const jobs = useQuery(jobsQuery(state === "all" ? undefined : state));
  return (
    <Panel
      title="Jobs"
      testId="jobs-panel"
      actions={
        <SegmentedControl
          aria-label="Jobs by state"
          value={state}
          onChange={setState}
          data={["all", "queued", "running", "succeeded", "failed", "cancelled"].map((value) => ({
            value,
            label: formatWords(value),
          }))}
        />
      }
    >
      {jobs.isPending ? <Loading what="the jobs" /> : null}
      {jobs.isError ? (
        <Failed error={jobs.error} what="the jobs" onRetry={() => void jobs.refetch()} />
      ) : null}
      {jobs.data?.length === 0 ? (
        <Empty title="No jobs">Long work appears here as it is asked for.</Empty>
      ) : null}
      {jobs.data && jobs.data.length > 0 ? (
        <Table highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Job</Table.Th>
              <Table.Th>Queue</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Try</Table.Th>
              <Table.Th>Asked for</Table.Th>
              <Table.Th>Took</Table.Th>
              <Table.Th>What happened</Table.Th>
              <Table.Th>
                <VisuallyHidden>Actions</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {jobs.data.map((job) => (
              <JobLine key={job.id} job={job} />
            ))}
          </Table.Tbody>
        </Table>
      ) : null}
    </Panel>
  );
}

function JobLine({ job }: { job: JobOut }) {
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelJob(job.id),
    onSuccess: () => {
      notifyDone("Cancelling; it stops within seconds.");
      void queries.invalidateQueries({ queryKey: ["jobs"] });
    },
    onError: (error) => notifyError(error, "Could not cancel the job"),
  });
  const active = job.state === "queued" || job.state === "running";
  // What a job was last doing says something only while it does it.
  const phase = active && typeof job.progress.phase === "string" ? job.progress.phase : "";
  return (
    <Table.Tr data-testid="job-row">
      <Table.Td title={job.id}>{formatWords(job.kind)}</Table.Td>
      <Table.Td>{job.queue}</Table.Td>
      <Table.Td>
        <StateBadge state={job.state} />
      </Table.Td>
      <Table.Td>{job.attempt}</Table.Td>
      <Table.Td>{formatAgo(job.created_at)}</Table.Td>
      <Table.Td>{tookSeconds(job)}</Table.Td>
      <Table.Td>
        {job.error_code ? (
          <Text size="xs" c="red">
            {job.error_code}: {job.error_message}
          </Text>
        ) : (
          <Text size="xs" c="dimmed">
            {phase}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right">
        {active ? (
          <Button
            variant="subtle"
            color="red"
            size="compact-xs"
            disabled={job.cancel_requested}
            loading={cancel.isPending}
            onClick={() => cancel.mutate()}
            aria-label={`Cancel ${job.kind}`}
          >
            {job.cancel_requested ? "Cancelling…" : "Cancel"}
          </Button>
        ) : null}
      </Table.Td>
    </Table.Tr>
  );
}

function tookSeconds(job: JobOut): string {
  if (!job.started_at) {
    return "–";
  }
  const end = job.finished_at ? Date.parse(job.finished_at) : Date.now();
  return formatDuration((end - Date.parse(job.started_at)) / 1000);
}
