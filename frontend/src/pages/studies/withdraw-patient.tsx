import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { withdraw } from "../../api/archive";
import { notifyDone, notifyError } from "../../ui/notify";
import { ReasonDialog } from "../../ui/reason-dialog";

/** Withdraw the patient of a study from teaching; what learned from them is shown next. */
export function WithdrawPatient({ uid }: { uid: string }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const say = useMutation({
    mutationFn: (reason: string) => withdraw({ study_instance_uid: uid }, true, reason),
    onSuccess: () => {
      notifyDone("The patient teaches no more.");
      void queries.invalidateQueries({ queryKey: ["archive", "withdrawals"] });
      void navigate({ to: "/admin/archive" });
    },
    onError: (error) => notifyError(error, "Not withdrawn"),
  });
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)} data-testid="withdraw-patient">
        Withdraw from teaching…
      </Button>
      <ReasonDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title="Withdraw this patient from teaching"
        body="All cases under this Patient ID, and under numbers that count as the same person's, are left out of the snapshots frozen from now on. Nothing is deleted; you are shown what has learned from them already."
        yes="Withdraw"
        danger
        busy={say.isPending}
        onYes={(reason) => {
          say.mutate(reason);
          setAsking(false);
        }}
      />
    </>
  );
}
