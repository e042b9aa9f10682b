import { List, Text } from "@mantine/core";
import { casesInHand } from "../../api/projects";
import { useConfirm } from "../../ui/confirm";
import { formatInstant } from "../../ui/format";
import { notifyError } from "../../ui/notify";

const shown = 8;

interface Wish {
  /** Of the person that may have cases in hand. */
  id: string;
  title: string;
  yes: string;
  /** Only the cases of this project are freed; of all when it is left out. */
  project?: string;
  run: () => void;
}

/** Do something that takes cases out of a person's hand; where there are any, they are named and asked about first. */
export function useAskAboutCases() {
  const confirm = useConfirm();
  return async ({ id, title, yes, project, run }: Wish) => {
    const cases = await casesInHand(id).catch((error: unknown) => {
      notifyError(error, "Could not see what this person has in hand");
      return null;
    });
    const held = cases?.filter((row) => !project || row.project === project);
    if (!held) {
      return;
    }
    if (held.length === 0) {
      run();
      return;
    }
    confirm({
      title,
      body: (
        <div data-testid="cases-in-hand">
          <Text size="sm" mb="xs">
            {held.length === 1 ? "One case is" : `${held.length} cases are`} in their hand and may go back on
            the worklist. What was not submitted stays in the history and counts for nobody.
          </Text>
          <List size="sm">
            {held.slice(0, shown).map((row) => (
              <List.Item key={row.id}>
                {[row.study_description || "No description", row.accession_number, row.project]
                  .filter(Boolean)
                  .join(" · ")}
                , taken {formatInstant(row.claimed_at)}
              </List.Item>
            ))}
          </List>
          {held.length > shown ? <Text size="xs">and {held.length - shown} more</Text> : null}
        </div>
      ),
      yes,
      danger: true,
      onYes: run,
    });
  };
}
