import { Button, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changePassword, tokensQuery } from "../../api/auth";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";

export function PasswordPanel() {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: () => changePassword(old, fresh),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
      setOld("");
      setFresh("");
      setAgain("");
      notifyDone("Password changed. Your other sessions and your API tokens have ended.");
    },
    onError: (error) => notifyError(error, "Could not change the password"),
  });
  const differs = again !== "" && again !== fresh;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!differs) {
      change.mutate();
    }
  };
  return (
    <Panel title="Password">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <PasswordInput
            label="Old password"
            autoComplete="current-password"
            required
            value={old}
            onChange={(event) => setOld(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password"
            autoComplete="new-password"
            required
            value={fresh}
            onChange={(event) => setFresh(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password again"
            autoComplete="new-password"
            required
            value={again}
            error={differs ? "The two do not match." : undefined}
            onChange={(event) => setAgain(event.currentTarget.value)}
          />
          <Text size="xs" c="dimmed">
            Changing it ends your sessions on other computers and all your API tokens.
          </Text>
          <Button type="submit" loading={change.isPending} disabled={differs} w="fit-content">
            Change password
          </Button>
        </Stack>
      </form>
    </Panel>
  );
}
