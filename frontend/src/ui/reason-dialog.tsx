import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { ReasonField } from "./reason-field";

/** Ask for a reason before something that is written down for good. */
export function ReasonDialog({
  opened,
  onClose,
  title,
  body,
  yes,
  danger,
  busy,
  onYes,
}: {
  opened: boolean;
  onClose: () => void;
  title: string;
  body: ReactNode;
  yes: string;
  danger?: boolean;
  busy: boolean;
  onYes: (reason: string) => void;
}) {
  const [reason, setReason] = useState("");
  useEffect(() => {
    if (!opened) {
      setReason("");
    }
  }, [opened]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onYes(reason.trim());
  };
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" component="div">
            {body}
          </Text>
          <ReasonField value={reason} onChange={setReason} focused />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Keep as it is
            </Button>
            <Button
              type="submit"
              color={danger ? "red" : "signal"}
              loading={busy}
              disabled={reason.trim() === ""}
              data-testid="reason-confirm"
            >
              {yes}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
