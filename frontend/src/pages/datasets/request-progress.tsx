import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { cancelRequest } from "../../api/snapshots";
import type { SnapshotRequestOut } from "../../api/types";
import { formatCount } from "../../ui/format";
import { notifyError } from "../../ui/notify";

const phases = { "": "Reading the cases", pictures: "Comparing pictures", cases: "Counting cases" };

function where(request: SnapshotRequestOut): string {
  if (request.cancel_requested) {
    return "Stopping…";
  }
  if (request.state === "queued") {
    return "Waits for a worker";
  }
  const phase = phases[request.phase];
  return request.of > 0 ? `${phase}: ${formatCount(request.done)} of ${formatCount(request.of)}` : phase;
}

/** How far a worker is with counting or freezing; a person may stop it. */
export function RequestProgress({ request, what }: { request: SnapshotRequestOut; what: string }) {
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelRequest(request.id),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["snapshot-requests"] }),
    onError: (error) => notifyError(error, "Could not stop it"),
  });
  const share = request.of > 0 ? (100 * request.done) / request.of : 0;
  return (
    <Stack gap={4} data-testid="request-running" data-kind={request.kind} role="status">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">
          {what} · {where(request)}
        </Text>
        <Button
          variant="default"
          size="compact-xs"
          onClick={() => cancel.mutate()}
          loading={cancel.isPending}
          disabled={request.cancel_requested}
          data-testid="request-cancel"
        >
          Stop
        </Button>
      </Group>
      <Progress value={share} aria-label={what} animated={request.state === "running"} />
    </Stack>
  );
}
