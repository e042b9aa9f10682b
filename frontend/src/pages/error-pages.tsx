import { Button, Center, Stack, Text, Title } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Failed } from "../ui/page-states";

export function NotFoundPage() {
  return (
    <Center p="xl">
      <Stack align="center" gap="xs">
        <Title order={2}>No such page</Title>
        <Text size="sm" c="dimmed">
          The address is wrong, or the page has moved.
        </Text>
        <Button component="a" href="/worklist" variant="default">
          Go to the worklist
        </Button>
      </Stack>
    </Center>
  );
}

export function RouteErrorPage({ error, reset }: ErrorComponentProps) {
  return <Failed error={error} what="this page" onRetry={reset} />;
}
