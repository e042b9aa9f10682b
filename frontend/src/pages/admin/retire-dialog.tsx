import { Button, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { LabelOut } from "../../api/types";

/** A label that was used keeps its meaning for ever; another one takes its place from now on. */
export function RetireDialog({
  label,
  others,
  onClose,
  onRetire,
}: {
  label: LabelOut | null;
  others: LabelOut[];
  onClose: () => void;
  onRetire: (label: LabelOut, successor: string | null) => void;
}) {
  const [successor, setSuccessor] = useState<string | null>(null);
  return (
    <Modal opened={label !== null} onClose={onClose} title={`Retire “${label?.code_meaning ?? ""}”?`}>
      <Stack gap="sm" data-testid="retire-dialog">
        <Text size="sm">Readers can no longer choose it; findings that carry it stay as they are.</Text>
        <Select
          label="Used instead of it now"
          placeholder="Nothing"
          clearable
          data={others.map((one) => ({ value: one.key, label: one.code_meaning }))}
          value={successor}
          onChange={setSuccessor}
          data-testid="retire-successor"
        />
        <Group justify="flex-end">
          <Button variant="subtle" onClick={onClose}>
            Cancel
          </Button>
          <Button
            color="red"
            data-testid="retire-confirm"
            onClick={() => {
              if (label) {
                onRetire(label, successor);
              }
            }}
          >
            Retire
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
