import { Button, Center, Group, Stack, Text, Title } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { asApiError } from "../api/errors";
import { ErrorLines } from "../ui/error-lines";

/** Always a way on, whatever went wrong. */
function WaysOn({ onRetry }: { onRetry?: () => void }) {
  return (
    <Group gap="xs">
      {onRetry ? (
        <Button onClick={onRetry} data-testid="error-retry">
          Try again
        </Button>
      ) : null}
      <Button component="a" href="/worklist" variant="default" data-testid="error-worklist">
        Go to the worklist
      </Button>
      <Button variant="subtle" onClick={() => window.history.back()}>
        Back
      </Button>
    </Group>
  );
}

export function NotFoundPage() {
  return (
    <Center component="main" p="xl">
      <Stack align="center" gap="xs">
        <Title order={1}>No such page</Title>
        <Text size="sm" c="dimmed">
          The address is wrong, or the page has moved.
        </Text>
        <WaysOn />
      </Stack>
    </Center>
  );
}

export function RouteErrorPage({ error, reset }: ErrorComponentProps) {
  return (
    <Center p="xl" data-testid="error-state">
      <Stack gap="xs" maw={640} role="alert">
        <Title order={1}>Could not load this page</Title>
        <ErrorLines error={asApiError(error)} />
        <WaysOn onRetry={reset} />
      </Stack>
    </Center>
  );
}
