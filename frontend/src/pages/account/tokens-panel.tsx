import {
  Alert,
  Button,
  Code,
  CopyButton,
  Group,
  NumberInput,
  Table,
  Text,
  TextInput,
  VisuallyHidden,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { createToken, revokeToken, tokensQuery } from "../../api/auth";
import { useConfirm } from "../../ui/confirm";
import { formatInstant } from "../../ui/format";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";

/** API tokens: made here, shown once, stored as a hash. */
export function TokensPanel() {
  const queries = useQueryClient();
  const confirm = useConfirm();
  const tokens = useQuery(tokensQuery);
  const [name, setName] = useState("");
  const [days, setDays] = useState(90);
  const create = useMutation({
    mutationFn: () => createToken(name.trim(), days),
    onSuccess: () => {
      setName("");
      void queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
    onError: (error) => notifyError(error, "Could not make the token"),
  });
  const revoke = useMutation({
    mutationFn: revokeToken,
    onSuccess: () => {
      notifyDone("Token revoked.");
      void queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
    onError: (error) => notifyError(error, "Could not revoke the token"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Panel title="API tokens" testId="tokens-panel">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="xs" mb="sm">
          <TextInput
            label="What is it for?"
            placeholder="for example: nightly export"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={80}
            required
            w={280}
            data-testid="token-name"
          />
          <NumberInput
            label="Good for (days)"
            value={days}
            onChange={(value) => setDays(Number(value) || 1)}
            min={1}
            max={366}
            w={120}
          />
          <Button type="submit" loading={create.isPending} data-testid="token-create">
            Make a token
          </Button>
        </Group>
      </form>
      {create.data ? (
        <Alert color="yellow" title="Copy it now: it is not shown again" mb="sm" data-testid="token-shown">
          <Group gap="xs">
            <Code fz="sm" data-testid="token-value">
              {create.data.token}
            </Code>
            <CopyButton value={create.data.token}>
              {({ copied, copy }) => (
                <Button variant="default" size="compact-xs" onClick={copy}>
                  {copied ? "Copied" : "Copy"}
                </Button>
              )}
            </CopyButton>
          </Group>
          <Text size="xs" mt={4}>
            Send it as <Code>Authorization: Bearer …</Code>. It may do what you may do.
          </Text>
        </Alert>
      ) : null}
      {tokens.isPending ? <Loading what="your tokens" /> : null}
      {tokens.isError ? (
        <Failed error={tokens.error} what="your tokens" onRetry={() => void tokens.refetch()} />
      ) : null}
      {tokens.data?.length === 0 ? (
        <Empty title="No tokens">Programs that read or send data for you need one.</Empty>
      ) : null}
      {tokens.data && tokens.data.length > 0 ? (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>For</Table.Th>
              <Table.Th>Made</Table.Th>
              <Table.Th>Good until</Table.Th>
              <Table.Th>
                <VisuallyHidden>Actions</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {tokens.data.map((token) => (
              <Table.Tr key={token.id}>
                <Table.Td>{token.name}</Table.Td>
                <Table.Td>{formatInstant(token.created_at)}</Table.Td>
                <Table.Td>{formatInstant(token.expires_at)}</Table.Td>
                <Table.Td ta="right">
                  <Button
                    variant="subtle"
                    color="red"
                    size="compact-xs"
                    aria-label={`Revoke ${token.name}`}
                    onClick={() =>
                      confirm({
                        title: `Revoke “${token.name}”?`,
                        body: "Programs that use it stop working at once.",
                        yes: "Revoke",
                        danger: true,
                        onYes: () => revoke.mutate(token.id),
                      })
                    }
                  >
                    Revoke
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ) : null}
    </Panel>
  );
}
