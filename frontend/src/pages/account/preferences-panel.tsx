import { Button, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { changeMe, meQuery } from "../../api/auth";
import { readPreferences } from "../../state/preferences";
import { useMe } from "../../state/session";
import { notifyDone, notifyError } from "../../ui/notify";
import { Facts, Panel } from "../../ui/page";

/** Name and reading preferences; they follow the user to every computer. */
export function PreferencesPanel() {
  const me = useMe();
  const queries = useQueryClient();
  const [name, setName] = useState(me?.display_name ?? "");
  const [next, setNext] = useState(readPreferences(me?.preferences).afterSubmit);
  const [smooth, setSmooth] = useState(readPreferences(me?.preferences).smooth);
  useEffect(() => setName(me?.display_name ?? ""), [me?.display_name]);
  const save = useMutation({
    mutationFn: () =>
      changeMe({
        display_name: name.trim(),
        preferences: { ...me?.preferences, after_submit: next, interpolate: smooth },
      }),
    onSuccess: (changed) => {
      queries.setQueryData(meQuery.queryKey, changed);
      notifyDone("Saved.");
    },
    onError: (error) => notifyError(error, "Could not save"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Panel title="You">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Facts
            rows={[
              ["User name", me?.username],
              ["Role", me?.role],
              ["Projects", me?.projects.map((row) => `${row.title} (${row.role})`).join(", ") || "None yet"],
            ]}
          />
          <TextInput
            label="Display name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={120}
            required
            data-testid="account-name"
          />
          <Select
            label="After submitting or signing off a case"
            allowDeselect={false}
            data={[
              { value: "stay", label: "Stay on it: the model's answer is shown then" },
              { value: "next", label: "Open the next case" },
              { value: "worklist", label: "Go back to the worklist" },
            ]}
            value={next}
            onChange={(value) => setNext(readPreferences({ after_submit: value }).afterSubmit)}
          />
          <Switch
            label="Smooth images when zoomed in"
            checked={smooth}
            onChange={(event) => setSmooth(event.currentTarget.checked)}
          />
          <Text size="xs" c="dimmed">
            Your role and projects are set by an admin.
          </Text>
          <Button type="submit" loading={save.isPending} w="fit-content" data-testid="account-save">
            Save
          </Button>
        </Stack>
      </form>
    </Panel>
  );
}
