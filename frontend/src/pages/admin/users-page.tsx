import { Button, Switch, Table, Text, TextInput, VisuallyHidden } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeUser, usersQuery } from "../../api/projects";
import type { RoleName, UserOut } from "../../api/types";
import { useMay, useMe } from "../../state/session";
import { formatAgo, formatMany } from "../../ui/format";
import { notifyDone, notifyError } from "../../ui/notify";
import { PageBody, Panel } from "../../ui/page";
import { Failed, Forbidden, Loading } from "../../ui/page-states";
import { RoleSelect } from "../../ui/role-select";
import { useAskAboutCases } from "./use-ask-about-cases";
import { CreateUserDialog, PasswordDialog } from "./user-dialogs";

export function UsersPage() {
  const allowed = useMay("user.change");
  const users = useQuery({ ...usersQuery, enabled: allowed });
  const [wanted, setWanted] = useState("");
  const [creating, setCreating] = useState(false);
  const [passwordOf, setPasswordOf] = useState<UserOut | null>(null);
  if (!allowed) {
    return <Forbidden what="Managing users" />;
  }
  const needle = wanted.trim().toLowerCase();
  const shown = (users.data ?? []).filter((user) =>
    `${user.username} ${user.display_name}`.toLowerCase().includes(needle),
  );
  return (
    <PageBody
      testId="users-page"
      title="Users"
      about="The role here counts over the whole installation; what somebody may do inside a project is set in the project."
      actions={
        <Button onClick={() => setCreating(true)} data-testid="user-create">
          Add a user
        </Button>
      }
    >
      <Panel
        title={users.data ? formatMany(users.data.length, "user", "users") : "… users"}
        actions={
          <TextInput
            aria-label="Find a user"
            placeholder="Find a user"
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
        }
      >
        {users.isPending ? <Loading what="the users" /> : null}
        {users.isError ? (
          <Failed error={users.error} what="the users" onRetry={() => void users.refetch()} />
        ) : null}
        {users.data ? (
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>User name</Table.Th>
                <Table.Th>Name</Table.Th>
                <Table.Th>Role</Table.Th>
                <Table.Th>May sign in</Table.Th>
                <Table.Th>Last sign-in</Table.Th>
                <Table.Th>
                  <VisuallyHidden>Actions</VisuallyHidden>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((user) => (
                <UserLine key={user.id} user={user} onPassword={() => setPasswordOf(user)} />
              ))}
            </Table.Tbody>
          </Table>
        ) : null}
      </Panel>
      <CreateUserDialog opened={creating} onClose={() => setCreating(false)} />
      <PasswordDialog user={passwordOf} onClose={() => setPasswordOf(null)} />
    </PageBody>
  );
}

function UserLine({ user, onPassword }: { user: UserOut; onPassword: () => void }) {
  const me = useMe();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (changes: { role?: RoleName; is_active?: boolean }) => changeUser(user.id, changes),
    onSuccess: ({ freed }) => {
      const cases = freed.length === 1 ? "One case is" : `${freed.length} cases are`;
      notifyDone(`${user.username} changed.${freed.length > 0 ? ` ${cases} on the worklist again.` : ""}`);
      void queries.invalidateQueries({ queryKey: usersQuery.queryKey });
    },
    onError: (error) => notifyError(error, `Could not change ${user.username}`),
  });
  const self = me?.id === user.id;
  const ask = useAskAboutCases();
  return (
    <Table.Tr data-testid={`user-${user.username}`}>
      <Table.Td>
        {user.username}
        {user.must_change_password ? (
          <Text span size="xs" c="dimmed">
            {" "}
            (still has a first password)
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td>{user.display_name}</Table.Td>
      <Table.Td w={170}>
        <RoleSelect
          label={`Role of ${user.username}`}
          value={user.role}
          disabled={self || change.isPending}
          onChange={(role) =>
            void ask({
              id: user.id,
              title: `Give ${user.display_name} another role?`,
              yes: "Change the role",
              run: () => change.mutate({ role }),
            })
          }
        />
      </Table.Td>
      <Table.Td>
        <Switch
          aria-label={`${user.username} may sign in`}
          checked={user.is_active}
          disabled={self || change.isPending}
          onChange={(event) => {
            const is_active = event.currentTarget.checked;
            void ask({
              id: user.id,
              title: `Switch off the account of ${user.display_name}?`,
              yes: "Switch off",
              run: () => change.mutate({ is_active }),
            });
          }}
        />
      </Table.Td>
      <Table.Td>{formatAgo(user.last_login)}</Table.Td>
      <Table.Td ta="right">
        <Button
          variant="subtle"
          size="compact-xs"
          onClick={onPassword}
          disabled={self}
          title={self ? "Change your own under Account, where the old one is asked" : undefined}
          aria-label={`Set password of ${user.username}`}
        >
          Set password
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
