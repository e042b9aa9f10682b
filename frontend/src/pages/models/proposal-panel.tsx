import { Alert, Button, Group, Loader, SegmentedControl, Stack, Text } from "@mantine/core";
import { type UseQueryResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { asApiError } from "../../api/errors";
import { askProposal, proposalQuery } from "../../api/models";
import type { ProposalOut } from "../../api/types";
import type { Beginning } from "../../state/proposed-settings";
import { ErrorLines } from "../../ui/error-lines";
import { formatCount, formatPercent } from "../../ui/format";
import { notifyError } from "../../ui/notify";

/** Where the settings come from: what the snapshot's cases ask for, or the preset; and how far the look at them is. */
export function ProposalPanel({
  familyId,
  snapshotId,
  proposal,
  beginning,
  onBegin,
}: {
  familyId: string;
  snapshotId: string;
  proposal: UseQueryResult<ProposalOut>;
  beginning: Beginning;
  onBegin: (beginning: Beginning) => void;
}) {
  const queries = useQueryClient();
  const again = useMutation({
    mutationFn: () => askProposal(familyId, snapshotId, true),
    onSuccess: (found) => queries.setQueryData(proposalQuery(familyId, snapshotId).queryKey, found),
    onError: (error) => notifyError(error, "Could not look at the cases"),
  });
  if (proposal.isError) {
    return (
      <Alert color="yellow" title="No proposal: the preset is used" data-testid="proposal-failed">
        <ErrorLines error={asApiError(proposal.error)} />
      </Alert>
    );
  }
  const found = proposal.data;
  if (!found) {
    return proposal.isFetching ? <Looking share={null} /> : null;
  }
  if (found.state === "queued" || found.state === "running") {
    return <Looking share={found.share} />;
  }
  if (found.state !== "succeeded") {
    return (
      <Alert color="yellow" title="No proposal: the preset is used" data-testid="proposal-failed">
        <Stack gap="xs" align="flex-start">
          <Text size="sm">{found.error?.message ?? "Looking at the training cases was cancelled."}</Text>
          <Button
            size="compact-sm"
            variant="default"
            loading={again.isPending}
            onClick={() => again.mutate()}
          >
            Look at them again
          </Button>
        </Stack>
      </Alert>
    );
  }
  const facts = found.fingerprint;
  const kinds = Object.keys(facts?.modalities ?? {}).join(", ");
  return (
    <Group justify="space-between" gap="sm" data-testid="proposal-done">
      <SegmentedControl
        size="xs"
        value={beginning}
        onChange={(value) => onBegin(value as Beginning)}
        data={[
          { value: "cases", label: "As the cases ask" },
          { value: "preset", label: "As the preset" },
        ]}
        data-testid="proposal-beginning"
        aria-label="What the settings begin with"
      />
      <Text size="sm" c="dimmed">
        {formatCount(facts?.images ?? 0)} training images of {formatCount(facts?.patients ?? 0)} patients
        {kinds ? ` (${kinds})` : ""} ask for {formatCount(found.settings.length)} settings other than the
        preset’s.
      </Text>
    </Group>
  );
}

function Looking({ share }: { share: number | null }) {
  return (
    <Group gap="xs" role="status" aria-live="polite" data-testid="proposal-waiting">
      <Loader size="xs" />
      <Text size="sm">
        Looking at the training cases to propose settings
        {share === null ? "" : `: ${formatPercent(share, 0)}`}… Until then the preset stands.
      </Text>
    </Group>
  );
}
