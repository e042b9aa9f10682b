import { Text } from "@mantine/core";
import { useModals } from "@mantine/modals";
import type { ReactNode } from "react";

/** Ask before something that others will notice. */
export function useConfirm() {
  const modals = useModals();
  return (question: { title: string; body: ReactNode; yes: string; danger?: boolean; onYes: () => void }) =>
    modals.openConfirmModal({
      title: question.title,
      children: (
        <Text size="sm" component="div">
          {question.body}
        </Text>
      ),
      labels: { confirm: question.yes, cancel: "Keep as it is" },
      confirmProps: { color: question.danger ? "red" : "signal" },
      onConfirm: question.onYes,
    });
}
