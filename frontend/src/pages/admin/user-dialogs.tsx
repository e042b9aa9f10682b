import { Button, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { changeUser, createUser, usersQuery } from "../../api/projects";
import type { RoleName, UserOut } from "../../api/types";
import { notifyDone, notifyError } from "../../ui/notify";
import { RoleSelect } from "../../ui/role-select";

export function CreateUserDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const [username, setUsername] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<RoleName>("radiologist");
  const [password, setPassword] = useState("");
  const create = useMutation({
    mutationFn: () => createUser({ username: username.trim(), display_name: name.trim(), role, password }),
    onSuccess: (user) => {
      notifyDone(`${user.username} added. Make them a member of a project next.`);
      void queries.invalidateQueries({ queryKey: usersQuery.queryKey });
      setUsername("");
      setName("");
      setPassword("");
      onClose();
    },
    onError: (error) => notifyError(error, "Could not add the user"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Modal opened={opened} onClose={onClose} title="Add a user">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="User name"
            description="Letters, digits and . _ @ + -"
            required
            pattern="[\w.@+\-]{2,150}"
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
            data-autofocus
          />
          <TextInput
            label="Name"
            required
            maxLength={120}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <RoleSelect label="Role" showLabel value={role} onChange={setRole} />
          <PasswordInput
            label="First password"
            description="Give it to them in person; they have to choose their own when they first sign in."
            required
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" loading={create.isPending}>
            Add
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}

export function PasswordDialog({ user, onClose }: { user: UserOut | null; onClose: () => void }) {
  const [password, setPassword] = useState("");
  useEffect(() => {
    if (user === null) {
      setPassword("");
    }
  }, [user]);
  const change = useMutation({
    mutationFn: () => changeUser(user?.id ?? "", { password }),
    onSuccess: () => {
      notifyDone("Password set.");
      onClose();
    },
    onError: (error) => notifyError(error, "Could not set the password"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Modal opened={user !== null} onClose={onClose} title={`New password for ${user?.username ?? ""}`}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            Give it to them in person. Their sessions and API tokens end now, and they have to choose their
            own password when they next sign in.
          </Text>
          <PasswordInput
            label="New password"
            required
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            data-autofocus
          />
          <Button type="submit" loading={change.isPending}>
            Set password
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
