import { Button, Modal, MultiSelect, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { createFamily, planEntriesQuery } from "../../api/models";
import { projectQuery } from "../../api/projects";
import { projectsWith, useMe } from "../../state/session";
import { slugOf } from "../../ui/format";
import { notifyError } from "../../ui/notify";
import { Failed, Loading } from "../../ui/page-states";
import { labelsFor, RecipeChoice, useQuestion, useRecipe } from "../../ui/recipe-choice";
import { useOneProject } from "../../ui/use-one-project";
import { isWhole, PlanInputs, planFieldsOf, usePlanDraft } from "./plan-fields";

/** What a new family predicts, a project's labels by one recipe, and what its versions must reach. */
export function NewFamilyDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const projects = projectsWith(useMe(), "training.request");
  const here = useOneProject(projects);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<string | null>(null);
  const slug = chosen ?? here ?? "";
  const project = useQuery(projectQuery(slug));
  const [title, setTitle] = useState("");
  const [chosenRecipe, setRecipe] = useState<string | null>(null);
  const card = useRecipe(chosenRecipe);
  const recipe = card?.name ?? "";
  const [labels, setLabels] = useState<string[]>([]);
  const [modalities, setModalities] = useState<string[]>([]);
  const [plan, changePlan] = usePlanDraft();
  const entries = useQuery({ ...planEntriesQuery, enabled: opened });
  const fitting = labelsFor(useQuestion(card?.question), project.data?.labels ?? []);
  const create = useMutation({
    mutationFn: () => {
      const { limits, operating_point, reason } = planFieldsOf(plan);
      return createFamily({
        project: slug,
        slug: slugOf(title),
        title: title.trim(),
        recipe,
        label_keys: labels,
        modalities,
        change_plan: limits,
        operating_point,
        reason,
      });
    },
    onSuccess: (family) => {
      void queries.invalidateQueries({ queryKey: ["models"] });
      onClose();
      void navigate({ to: "/models/$family", params: { family: family.slug }, search: { project: slug } });
    },
    onError: (error) => notifyError(error, "Could not make the family"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Modal opened={opened} onClose={onClose} title="New model family" size="xl" yOffset="4vh">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Select
            label="Project"
            required
            data={projects.map((row) => ({ value: row.slug, label: row.title }))}
            value={slug || null}
            onChange={(value) => {
              setChosen(value);
              setLabels([]);
            }}
          />
          <TextInput
            label="Title"
            placeholder="Chest lesions"
            required
            maxLength={120}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
            data-autofocus
          />
          <RecipeChoice
            value={recipe}
            onChange={(name) => {
              setRecipe(name);
              setLabels([]);
              // What was chosen may mean nothing, or something else, of another recipe's answers.
              changePlan({ kind: "balanced", value: null });
            }}
          />
          <MultiSelect
            label="Labels it predicts"
            required
            data={fitting.map((label) => ({ value: label.key, label: label.code_meaning }))}
            value={labels}
            onChange={setLabels}
            placeholder={labels.length === 0 ? "Choose" : undefined}
          />
          <MultiSelect
            label="Modalities it reads"
            description="Empty means all."
            data={["CR", "CT", "DX", "MG", "MR", "OP", "PT", "US", "XA", "XC"]}
            value={modalities}
            onChange={setModalities}
          />
          {slug && project.data && fitting.length === 0 ? (
            <Text size="xs" c="yellow">
              No label of this project can be used for {card?.title.toLowerCase()}. Add one under Projects
              first.
            </Text>
          ) : null}
          <Title order={3} size="h5" mt="xs">
            Change plan: what its versions must reach
          </Title>
          <Text size="sm">
            It is declared before the first training, and changed before a later one: each version is judged
            by the plan that its training began under.
          </Text>
          {entries.isError ? <Failed error={entries.error} what="the change plan" /> : null}
          {entries.isPending ? <Loading what="the change plan" /> : null}
          {entries.data ? (
            <PlanInputs
              draft={plan}
              entries={entries.data}
              points={card?.operating_points ?? []}
              onChange={changePlan}
            />
          ) : null}
          <Button
            type="submit"
            loading={create.isPending}
            disabled={labels.length === 0 || slugOf(title) === "" || !isWhole(plan)}
            data-testid="family-create-submit"
          >
            Make it
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
