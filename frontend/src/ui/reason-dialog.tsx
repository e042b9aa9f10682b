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
  answerFor,
  onYes,
}: {
  opened: boolean;
  onClose: () => void;
  title: string;
  body: ReactNode;
  yes: string;
  danger?: boolean;
  busy: boolean;
  /** What a person has to answer for, with a reason of its own; left out where there is nothing. */
  answerFor?: string;
  onYes: (reason: string, answeredFor: string) => void;
}) {
  const [reason, setReason] = useState("");
  const [answered, setAnswered] = useState("");
  useEffect(() => {
    if (!opened) {
      setReason("");
      setAnswered("");
    }
  }, [opened]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onYes(reason.trim(), answerFor ? answered.trim() : "");
  };
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" component="div">
            {body}
          </Text>
          <ReasonField value={reason} onChange={setReason} focused />
          {answerFor ? (
            <ReasonField
              label="Why do you answer for it?"
              description={answerFor}
              value={answered}
              onChange={setAnswered}
              testId="answered-for"
            />
          ) : null}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Keep as it is
            </Button>
            <Button
              type="submit"
              color={danger ? "red" : "signal"}
              loading={busy}
              disabled={reason.trim() === "" || (Boolean(answerFor) && answered.trim() === "")}
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
