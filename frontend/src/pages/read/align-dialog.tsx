import { actionPorts } from "../../actions/ports";
import { decideRegistration, useRegistration } from "../../state/reading-registration";
import { ReasonDialog } from "../../ui/reason-dialog";

/** Why an alignment is rejected, or accepted against its numbers or an earlier word. */
export function AlignDialog() {
  const deciding = useRegistration((state) => state.deciding);
  const busy = useRegistration((state) => state.busy);
  const rejecting = deciding === "rejected";
  return (
    <ReasonDialog
      opened={deciding !== null}
      onClose={() => useRegistration.setState({ deciding: null })}
      title={rejecting ? "Reject the alignment" : "Accept the alignment"}
      body={
        rejecting
          ? "What is rejected is used for nothing. Say what is wrong with it."
          : "The numbers do not speak for it, or somebody decided otherwise. Say why it is right."
      }
      yes={rejecting ? "Reject" : "Accept"}
      danger={rejecting}
      busy={busy}
      onYes={(reason) => {
        if (deciding) {
          decideRegistration(deciding, reason).catch((thrown: unknown) =>
            actionPorts().reportProblem(thrown),
          );
        }
      }}
    />
  );
}
