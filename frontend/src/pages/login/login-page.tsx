import { Alert, Button, Card, Center, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { meQuery, signIn, signOut } from "../../api/auth";
import { type ApiError, asApiError } from "../../api/errors";
import { leaveFor, ownedByNobody } from "../../api/page-owner";
import { ErrorLines } from "../../ui/error-lines";

const route = getRouteApi("/login");

/** Where to go after the door; only inside this house. */
function sameHouse(next: string | undefined): string {
  const url = new URL(next ?? "/", window.location.origin);
  return url.origin === window.location.origin ? url.pathname + url.search + url.hash : "/";
}

export function LoginPage() {
  const { next } = route.useSearch();
  const queries = useQueryClient();
  const { data: me } = useQuery(meQuery);
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
      leaveFor(sameHouse(next));
    } catch (thrown) {
      setError(asApiError(thrown));
      setPassword("");
    } finally {
      setBusy(false);
    }
  };

  const change = async () => {
    setBusy(true);
    try {
      await signOut();
      ownedByNobody();
      queries.setQueryData(meQuery.queryKey, undefined);
      queries.removeQueries({ queryKey: meQuery.queryKey });
      leaveFor("/login");
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };

  if (me) {
    return (
      <Center mih="100vh" p="md" component="main">
        <Card withBorder w={380} p="xl" bg="var(--ov-panel)" data-testid="signed-in">
          <Stack gap="sm">
            <Title order={1}>Overread</Title>
            <Text size="sm">
              <strong>{me.display_name || me.username}</strong> is signed in in this browser, in all its tabs.
            </Text>
            {error ? <ErrorLines error={error} /> : null}
            <Button size="sm" data-testid="signed-in-go-on" onClick={() => leaveFor(sameHouse(next))}>
              Go on as {me.display_name || me.username}
            </Button>
            <Button
              size="sm"
              variant="default"
              loading={busy}
              data-testid="signed-in-change"
              onClick={() => void change()}
            >
              Sign out, and sign in as somebody else
            </Button>
          </Stack>
        </Card>
      </Center>
    );
  }
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
