import { Alert, Button, Center, Loader, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { asApiError } from "../api/errors";
import { ErrorLines } from "./error-lines";

export function Loading({ what }: { what: string }) {
  return (
    <Center p="xl" role="status" aria-live="polite">
      <Stack align="center" gap="xs">
        <Loader size="sm" />
        <Text size="sm" c="dimmed">
          Loading {what}…
        </Text>
      </Stack>
    </Center>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center p="xl" data-testid="empty-state">
      <Stack align="center" gap="xs" maw={520}>
        <Title order={3} ta="center">
          {title}
        </Title>
        {children ? (
          <Text component="div" size="sm" c="dimmed" ta="center">
            {children}
          </Text>
        ) : null}
      </Stack>
    </Center>
  );
}

export function Failed({ error, onRetry, what }: { error: unknown; onRetry?: () => void; what: string }) {
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle size={18} />}
      title={`Could not load ${what}`}
      m="md"
      role="alert"
      data-testid="error-state"
    >
      <Stack gap="xs" align="flex-start">
        <ErrorLines error={asApiError(error)} />
        {onRetry ? (
          <Button variant="default" onClick={onRetry}>
            Try again
          </Button>
        ) : null}
      </Stack>
    </Alert>
  );
}

export function Forbidden({ what }: { what: string }) {
  return (
    <Center p="xl" data-testid="forbidden">
      <Stack align="center" gap="xs" maw={520}>
        <IconLock size={28} aria-hidden />
        <Title order={2}>Not for your role</Title>
        <Text size="sm" c="dimmed" ta="center">
          {what} needs a role you do not have. Ask an admin if you should have it.
        </Text>
      </Stack>
    </Center>
  );
}
