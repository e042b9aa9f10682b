import { Button, Group, Modal, Text } from "@mantine/core";
import { submitCase } from "../../actions/case-actions";
import { actionPorts } from "../../actions/ports";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";

/** A reading in which nothing was said is handed in only when somebody says that this is meant. */
export function NothingFoundDialog() {
  const open = useReadingUi((state) => state.dialog === "nothing-found");
  const close = () => setReadingUi({ dialog: null });
  return (
    <Modal opened={open} onClose={close} title="You have said and drawn nothing">
      <Text size="sm" data-testid="nothing-found-dialog">
        Submit the study as one in which nothing is found? Datasets will count it as such.
      </Text>
      <Group justify="flex-end" mt="md">
        <Button variant="subtle" onClick={close}>
          Go on reading
        </Button>
        <Button
          data-autofocus
          data-testid="nothing-found-confirm"
          onClick={() => {
            close();
            submitCase(true).catch(actionPorts().reportProblem);
          }}
        >
          Nothing found: submit
        </Button>
      </Group>
    </Modal>
  );
}
