import { Alert, Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { decideCase } from "../../actions/case-actions";
import { actionPorts } from "../../actions/ports";
import { waitingForDecision } from "../../actions/review-actions";
import { useReading } from "../../state/reading-session";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";
import { useKeptWords } from "../../state/reading-words";
import { formatMany } from "../../ui/format";
import { sinceRead } from "../../ui/grown-since-read";

const words = {
  accept: { title: "Sign off as accepted", button: "Sign off", color: "green" },
  correct: { title: "Sign off as corrected", button: "Sign off", color: "green" },
  reject: { title: "Send back to the reader", button: "Send back", color: "red" },
} as const;

/** The reviewer's word about the whole case. */
export function DecideDialog() {
  const deciding = useReadingUi((state) => (state.dialog === "decide" ? state.deciding : null));
  const later = useReading((state) => state.workitem?.images_since_read ?? 0);
  const [remark, setRemark] = useKeptWords("decide");
  if (!deciding) {
    return null;
  }
  const { title, button, color } = words[deciding];
  const open = waitingForDecision().length;
  const close = () => setReadingUi({ dialog: null, deciding: null });
  const missing = deciding === "reject" && remark.trim() === "";
  const send = () => {
    if (!missing) {
      // Closed at once: a second press must not send it twice.
      close();
      decideCase(deciding, remark.trim())
        .then(() => setRemark(""))
        .catch((thrown: unknown) => {
          actionPorts().reportProblem(thrown);
        });
    }
  };
  return (
    <Modal opened onClose={close} title={title}>
      <Stack gap="sm" data-testid="decide-dialog">
        {open > 0 && deciding !== "reject" ? (
          <Alert color="yellow" p="xs">
            {formatMany(open, "model finding waits", "model findings wait")} for a decision. Accept, correct
            or reject each first.
          </Alert>
        ) : null}
        {later > 0 && deciding !== "reject" ? (
          <Alert color="yellow" p="xs" data-testid="decide-grown">
            {sinceRead(later)} Your sign-off does not change that: send the case back to have{" "}
            {later === 1 ? "it" : "them"} read.
          </Alert>
        ) : null}
        <Text size="sm">
          {deciding === "reject"
            ? "The case goes back to its reader with your remark and the comments pinned on the image."
            : "The case is locked after this. Only an admin can open it again, with a reason."}
        </Text>
        <Textarea
          label={deciding === "reject" ? "What has to change" : "Remark (optional)"}
          data-autofocus
          autosize
          minRows={2}
          data-testid="decide-remark"
          value={remark}
          onChange={(event) => setRemark(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              send();
            }
          }}
        />
        <Group justify="flex-end">
          <Button variant="subtle" onClick={close}>
            Cancel
          </Button>
          <Button color={color} disabled={missing} data-testid="decide-confirm" onClick={send}>
            {button}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
