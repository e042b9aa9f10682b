import { reopenCase } from "../../actions/case-actions";
import { actionPorts } from "../../actions/ports";
import { useReading } from "../../state/reading-session";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";
import { ReasonDialog } from "../../ui/reason-dialog";

/** An admin takes a sign-off back and says why. */
export function ReopenDialog() {
  const opened = useReadingUi((state) => state.dialog === "reopen");
  const busy = useReading((state) => state.busy === "reopen");
  const close = () => setReadingUi({ dialog: null });
  return (
    <ReasonDialog
      opened={opened}
      onClose={close}
      title="Reopen this case"
      body="The sign-off is taken back and the case waits for review again. Every decision made about its findings stays in the history and counts no more; the case is in no new dataset until it is signed off again."
      yes="Reopen"
      busy={busy}
      onYes={(reason) => {
        reopenCase(reason).catch((thrown: unknown) => {
          close();
          actionPorts().reportProblem(thrown);
        });
      }}
    />
  );
}
