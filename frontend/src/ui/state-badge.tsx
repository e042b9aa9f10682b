import { Badge } from "@mantine/core";

const looks: Record<string, { color: string; label?: string }> = {
  open: { color: "gray", label: "To read" },
  claimed: { color: "signal", label: "Being read" },
  submitted: { color: "yellow", label: "To review" },
  accepted: { color: "green" },
  corrected: { color: "teal" },
  rejected: { color: "red", label: "Sent back" },
  candidate: { color: "gray" },
  evaluated: { color: "signal" },
  live: { color: "green" },
  retired: { color: "dark" },
  refused: { color: "red" },
  queued: { color: "gray" },
  running: { color: "signal" },
  succeeded: { color: "green" },
  failed: { color: "red" },
  cancelled: { color: "orange" },
  stored: { color: "green" },
  already_stored: { color: "teal", label: "Already stored" },
  conflict: { color: "orange" },
};

/** The state of a thing in words and colour, the same everywhere. */
export function StateBadge({ state }: { state: string }) {
  const look = looks[state] ?? { color: "gray" };
  return (
    <Badge color={look.color} data-state={state}>
      {stateWords(state)}
    </Badge>
  );
}

export function stateWords(state: string): string {
  return looks[state]?.label ?? state.charAt(0).toUpperCase() + state.slice(1).replaceAll("_", " ");
}
