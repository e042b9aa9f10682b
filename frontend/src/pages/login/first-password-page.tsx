import { Alert, Button, Card, Center, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { changePassword, meQuery, signOut } from "../../api/auth";
import { type ApiError, asApiError } from "../../api/errors";
import { leaveFor } from "../../api/page-owner";
import { ErrorLines } from "../../ui/error-lines";

const route = getRouteApi("/first-password");

/** The first login with a password that an admin chose: nothing else is open until it is one's own. */
export function FirstPasswordPage() {
  const { next } = route.useSearch();
  const { data: me } = useQuery(meQuery);
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const differs = again !== "" && again !== fresh;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (fresh !== again) {
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await changePassword(old, fresh);
      leaveFor(next ?? "/");
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  const leave = async () => {
    await signOut().catch(() => undefined);
    leaveFor("/login");
  };

  return (
    <Center mih="100vh" p="md" component="main">
      <Card withBorder w={420} p="xl" bg="var(--ov-panel)">
        <form onSubmit={(event) => void submit(event)} data-testid="first-password-form">
          <Stack gap="sm">
            <div>
              <Title order={1}>Choose your password</Title>
              <Text size="sm" c="dimmed">
                {me ? `Welcome, ${me.display_name || me.username}. ` : ""}
                An admin chose the password you came with, so somebody else knows it. Choose one that only you
                know (at least 10 characters); then you can begin.
              </Text>
            </div>
            {error ? (
              <Alert
                color="red"
                title="The password was not changed"
                role="alert"
                data-testid="first-password-error"
              >
                <ErrorLines error={error} />
              </Alert>
            ) : null}
            <PasswordInput
              label="The password you were given"
              autoComplete="current-password"
              required
              size="sm"
              data-autofocus
              value={old}
              onChange={(event) => setOld(event.currentTarget.value)}
              data-testid="first-password-old"
            />
            <PasswordInput
              label="Your new password"
              autoComplete="new-password"
              required
              size="sm"
              value={fresh}
              onChange={(event) => setFresh(event.currentTarget.value)}
              data-testid="first-password-new"
            />
            <PasswordInput
              label="Your new password again"
              autoComplete="new-password"
              required
              size="sm"
              value={again}
              error={differs ? "The two do not match." : undefined}
              onChange={(event) => setAgain(event.currentTarget.value)}
              data-testid="first-password-again"
            />
            <Button
              type="submit"
              size="sm"
              loading={busy}
              disabled={differs}
              data-testid="first-password-submit"
            >
              Set my password
            </Button>
            <Button variant="subtle" size="compact-sm" onClick={() => void leave()}>
              Sign out
            </Button>
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
