import { Button, Modal, MultiSelect, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { createFamily } from "../../api/models";
import { projectQuery } from "../../api/projects";
import type { RecipeName } from "../../api/types";
import { projectsWith, useMe } from "../../state/session";
import { slugOf } from "../../ui/format";
import { notifyError } from "../../ui/notify";
import { labelsFor, RecipeChoice, useRecipe } from "../../ui/recipe-choice";
import { useOneProject } from "../../ui/use-one-project";

/** What a new family predicts: a project's labels, by one recipe. */
export function NewFamilyDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const projects = projectsWith(useMe(), "training.request");
  const here = useOneProject(projects);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<string | null>(null);
  const slug = chosen ?? here ?? "";
  const project = useQuery(projectQuery(slug));
  const [title, setTitle] = useState("");
  const [recipe, setRecipe] = useState<RecipeName>("classification");
  const [labels, setLabels] = useState<string[]>([]);
  const [modalities, setModalities] = useState<string[]>([]);
  const fitting = labelsFor(useRecipe(recipe), project.data?.labels ?? []);
  const create = useMutation({
    mutationFn: () =>
      createFamily({
        project: slug,
        slug: slugOf(title),
        title: title.trim(),
        recipe,
        label_keys: labels,
        modalities,
      }),
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
    <Modal opened={opened} onClose={onClose} title="New model family">
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
              No label of this project can be used for {recipe}. Add one under Projects first.
            </Text>
          ) : null}
          <Button
            type="submit"
            loading={create.isPending}
            disabled={labels.length === 0 || slugOf(title) === ""}
            data-testid="family-create-submit"
          >
            Make it
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
