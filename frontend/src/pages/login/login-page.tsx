import { Alert, Button, Card, Center, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { meQuery, signIn } from "../../api/auth";
import { type ApiError, asApiError } from "../../api/errors";
import { ErrorLines } from "../../ui/error-lines";

const route = getRouteApi("/login");

export function LoginPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signIn(username.trim(), password);
      queries.clear();
      await queries.fetchQuery(meQuery);
      router.history.push(next ?? "/worklist");
    } catch (thrown) {
      setError(asApiError(thrown));
      setPassword("");
    } finally {
      setBusy(false);
    }
  };

  const lockedOut = error?.status === 429 || error?.code.includes("lock");
  return (
    <Center mih="100vh" p="md" component="main">
      <Card withBorder w={380} p="xl" bg="var(--ov-panel)">
        <form onSubmit={(event) => void submit(event)} data-testid="login-form">
          <Stack gap="sm">
            <div>
              <Title order={1}>Overread</Title>
              <Text size="sm" c="dimmed">
                Read, review and retrain on medical images.
              </Text>
            </div>
            {error ? (
              <Alert
                color={lockedOut ? "yellow" : "red"}
                title={lockedOut ? "Too many tries" : "Could not sign in"}
                role="alert"
                data-testid="login-error"
              >
                <ErrorLines error={error} />
              </Alert>
            ) : null}
            <TextInput
              label="User name"
              name="username"
              autoComplete="username"
              required
              size="sm"
              data-autofocus
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
              data-testid="login-username"
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              required
              size="sm"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
              data-testid="login-password"
            />
            <Button type="submit" size="sm" loading={busy} data-testid="login-submit">
              Sign in
            </Button>
            <Text size="xs" c="dimmed">
              For research only. Not a medical device; do not use it for diagnosis or treatment.
            </Text>
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
