import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import type { DecisionState } from "../../api/archive";
import { useMay } from "../../state/session";
import { PageBody } from "../../ui/page";
import { Forbidden } from "../../ui/page-states";
import { ConflictsPanel } from "./conflicts-panel";
import { IdentitiesPanel } from "./identities-panel";
import { NearCopiesPanel } from "./near-copies-panel";
import { SamePersonPanel } from "./same-person-panel";
import { WithdrawalsPanel } from "./withdrawals-panel";

/** What an admin has to decide about the archive: who is who, and which version of an image is shown. */
export function ArchivePage() {
  const allowed = useMay("archive.decide");
  const [state, setState] = useState<DecisionState>("open");
  if (!allowed) {
    return <Forbidden what="Deciding about the archive" />;
  }
  return (
    <PageBody
      testId="archive-page"
      title="Archive"
      about="Who may be whom, pictures that came twice or in two versions, and whose cases teach no more. Nothing is merged or replaced until you decide; what you decide is kept with its reason and can be decided again."
      actions={
        <SegmentedControl
          aria-label="Which decisions"
          value={state}
          onChange={(chosen) => setState(chosen === "decided" ? "decided" : "open")}
          data={[
            { value: "open", label: "To decide" },
            { value: "decided", label: "Decided" },
          ]}
        />
      }
    >
      <IdentitiesPanel state={state} />
      <SamePersonPanel state={state} />
      <NearCopiesPanel key={state} state={state} />
      <ConflictsPanel state={state} />
      <WithdrawalsPanel />
    </PageBody>
  );
}
