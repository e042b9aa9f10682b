import { useMay } from "../../state/session";
import { ButtonLink } from "../../ui/links";
import { PageBody } from "../../ui/page";
import { Empty, Forbidden } from "../../ui/page-states";
import { FirstStepsPanel, useFirstSteps } from "./first-steps-panel";

/** The first steps on a page of their own, for the address in a bookmark or a mail. */
export function FirstStepsPage() {
  const allowed = useMay("project.create");
  const { shown } = useFirstSteps();
  if (!allowed) {
    return <Forbidden what="Setting up the installation" />;
  }
  return (
    <PageBody
      testId="first-steps-page"
      title="First steps"
      about="From an empty installation to the first reading."
      actions={
        <ButtonLink to="/worklist" variant="default">
          To the worklist
        </ButtonLink>
      }
    >
      {shown ? (
        <FirstStepsPanel />
      ) : (
        <Empty title="All first steps are done">Nothing is left to set up.</Empty>
      )}
    </PageBody>
  );
}
