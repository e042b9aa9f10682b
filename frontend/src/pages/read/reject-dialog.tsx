import { Button, Group, Kbd, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { isTyping } from "../../actions/keys";
import { actionPorts } from "../../actions/ports";
import { decide, rejectReasons } from "../../actions/review-actions";
import { findingRow } from "../../state/reading-findings";
import type { RejectReason } from "../../state/reading-types";
import { readingUi, setReadingUi, useReadingUi } from "../../state/reading-ui";
import { useKeptWords } from "../../state/reading-words";
import { titleOf } from "./words";

/**
 * Why a finding is rejected: a number key chooses the coded reason. Each reason keeps its number where others are not
 * offered.
 */
export function RejectDialog() {
  const open = useReadingUi((state) => state.dialog === "reject");
  const [remark, setRemark] = useKeptWords("reject");
  const [missing, setMissing] = useState(false);
  const words = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (open) {
      setMissing(false);
    }
  }, [open]);
  const row = findingRow(readingUi().selected);
  const judged = row?.correctionOf ? findingRow(row.correctionOf) : row;
  const offered = (code: RejectReason) => judged?.rejections.includes(code) === true;
  const choose = (code: RejectReason) => {
    if (code === "other" && remark.trim() === "") {
      setMissing(true);
      // The next key is the first letter of the remark, never a press on the reason that has the focus.
      words.current?.focus();
      return;
    }
    // At once: the next key is meant for what comes after this.
    setReadingUi({ dialog: null });
    decide("rejected", code, remark.trim())
      .then(() => setRemark(""))
      .catch(actionPorts().reportProblem);
  };
  useEffect(() => {
    if (!open) {
      return undefined;
    }
    // On the window: a quick hand presses the number before the dialog has taken the focus.
    const pressed = (event: KeyboardEvent) => {
      const reason = rejectReasons()[Number(event.key) - 1]?.reason;
      const plain = !event.altKey && !event.ctrlKey && !event.metaKey;
      if (reason && offered(reason) && plain && !isTyping(event.target)) {
        event.preventDefault();
        event.stopPropagation();
        choose(reason);
      }
    };
    window.addEventListener("keydown", pressed, true);
    return () => window.removeEventListener("keydown", pressed, true);
  });
  return (
    <Modal
      opened={open}
      onClose={() => setReadingUi({ dialog: null })}
      title={`Reject: ${row ? titleOf(row) : ""}`}
      size="md"
    >
      <Stack gap={6} data-testid="reject-dialog">
        <Text size="sm" c="dimmed" tabIndex={-1} data-autofocus style={{ outline: "none" }}>
          Press the number of the reason.
        </Text>
        {rejectReasons().map(({ reason, words: said }, index) =>
          offered(reason) ? (
            <Button
              key={reason}
              variant="default"
              justify="space-between"
              fullWidth
              data-testid={`reject-${reason}`}
              rightSection={<Kbd>{index + 1}</Kbd>}
              onClick={() => choose(reason)}
            >
              {said}
            </Button>
          ) : null,
        )}
        <Textarea
          label="Remark"
          description={missing ? "Enter rejects with this remark" : "Optional; needed for “Other”"}
          autosize
          minRows={2}
          value={remark}
          error={missing && remark.trim() === "" ? "Say what is wrong" : undefined}
          data-testid="reject-remark"
          ref={words}
          onKeyDown={(event) => {
            if (missing && event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
              event.preventDefault();
              choose("other");
            }
          }}
          onChange={(event) => setRemark(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="subtle" onClick={() => setReadingUi({ dialog: null })}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
