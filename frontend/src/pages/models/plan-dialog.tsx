import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { declarePlan } from "../../api/models";
import type { FamilyOut, PlanEntryOut, PlanOut } from "../../api/types";
import { notifyDone, notifyError } from "../../ui/notify";
import { useRecipe } from "../../ui/recipe-choice";
import { isWhole, PlanInputs, planFieldsOf, usePlanDraft } from "./plan-fields";

/** Declare another plan: every limit with what it means, where decisions lie, and why. */
export function PlanDialog({
  family,
  present,
  entries,
  onClose,
}: {
  family: FamilyOut;
  present: PlanOut;
  entries: PlanEntryOut[];
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [draft, change] = usePlanDraft(present);
  const recipe = useRecipe(family.recipe);
  const declare = useMutation({
    mutationFn: () => declarePlan(family.id, planFieldsOf(draft)),
    onSuccess: () => {
      notifyDone("The plan holds for trainings from now on.");
      void queries.invalidateQueries({ queryKey: ["models"] });
      void queries.invalidateQueries({ queryKey: ["training", "estimate"] });
      onClose();
    },
    onError: (error) => notifyError(error, "Could not declare the plan"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    declare.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`Another change plan for ${family.title}`} size="xl" yOffset="4vh">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm">
            A plan is declared before a training. Versions that are there already, and trainings that were
            asked for, keep the plan they began under.
          </Text>
          <PlanInputs
            draft={draft}
            entries={entries}
            points={recipe?.operating_points ?? []}
            onChange={change}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep the present plan
            </Button>
            <Button
              type="submit"
              loading={declare.isPending}
              disabled={!isWhole(draft)}
              data-testid="plan-declare"
            >
              Declare it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
