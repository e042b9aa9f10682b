import { Button, Checkbox, Grid, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconSnowflake } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { modelsQuery } from "../../api/models";
import { freezeSnapshot, snapshotPreviewQuery } from "../../api/snapshots";
import type { LabelOut, ProjectOut, RecipeName } from "../../api/types";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { labelsFor, RecipeChoice, useRecipe } from "../../ui/recipe-choice";
import { CountsTable, Missing } from "./counts-view";

/** Choose recipe and labels, see what would be in it, and freeze it under a name. */
export function FreezePanel({ project }: { project: ProjectOut }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [recipe, setRecipe] = useState<RecipeName>("classification");
  const [picked, setPicked] = useState<string[] | null>(null);
  const [name, setName] = useState("");
  const labels = labelsFor(useRecipe(recipe), project.labels);
  // Until somebody picks: what the models of this project learn, else every label.
  const families = useQuery(modelsQuery(project.slug));
  const learned = (families.data ?? [])
    .filter((family) => family.recipe === recipe)
    .flatMap((family) => family.label_keys);
  const keys = labels
    .map((label) => label.key)
    .filter((key) => (picked ?? (learned.length > 0 ? learned : [key])).includes(key));
  const preview = useQuery({
    ...snapshotPreviewQuery(project.slug, recipe, keys),
    placeholderData: keepPreviousData,
  });
  const freeze = useMutation({
    mutationFn: () => freezeSnapshot(project.slug, name.trim(), recipe, keys),
    onSuccess: (snapshot) => {
      notifyDone(
        snapshot.name === name.trim()
          ? `“${snapshot.name}” is frozen.`
          : `Nothing has changed since: this is frozen already, as “${snapshot.name}”.`,
      );
      setName("");
      void queries.invalidateQueries({ queryKey: ["snapshots"] });
      void navigate({ to: "/datasets", search: { project: project.slug, snapshot: snapshot.id } });
    },
    onError: (error) => notifyError(error, "Could not freeze the snapshot"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    freeze.mutate();
  };
  if (families.isPending) {
    return <Loading what="what can be frozen" />;
  }
  return (
    <Panel title="Freeze a new snapshot" testId="freeze-panel">
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, md: 4 }}>
          <form onSubmit={submit}>
            <Stack gap="sm">
              <RecipeChoice
                value={recipe}
                onChange={(name) => {
                  setRecipe(name);
                  setPicked(null);
                }}
                testId="freeze-recipe"
              />
              <Checkbox.Group label="Labels" value={keys} onChange={setPicked}>
                <Stack gap={6} mt={4}>
                  {labels.map((label) => (
                    <Checkbox key={label.key} value={label.key} label={label.code_meaning} />
                  ))}
                  {labels.length === 0 ? (
                    <Text size="xs" c="dimmed">
                      No label of this project can be used for {recipe}. Add one under Projects.
                    </Text>
                  ) : null}
                </Stack>
              </Checkbox.Group>
              <TextInput
                label="Name"
                placeholder="after the first round of corrections"
                required
                maxLength={120}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                data-testid="freeze-name"
              />
              <Group>
                <Button
                  type="submit"
                  leftSection={<IconSnowflake size={14} aria-hidden />}
                  loading={freeze.isPending}
                  disabled={!preview.data?.ready || keys.length === 0}
                  data-testid="freeze-submit"
                >
                  Freeze
                </Button>
                <Text size="xs" c="dimmed">
                  Cannot be changed afterwards.
                </Text>
              </Group>
            </Stack>
          </form>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }}>
          {keys.length === 0 ? <Empty title="Choose at least one label" /> : null}
          {keys.length > 0 && preview.isPending ? <Loading what="the counts" /> : null}
          {preview.isError ? (
            <Failed error={preview.error} what="the counts" onRetry={() => void preview.refetch()} />
          ) : null}
          {keys.length > 0 && preview.data ? (
            <Stack gap="sm" data-testid="snapshot-preview">
              <CountsTable
                counts={preview.data.counts}
                labels={labels.filter((label) => keys.includes(label.key)).map(shown)}
              />
              <Missing sentences={preview.data.missing} />
            </Stack>
          ) : null}
        </Grid.Col>
      </Grid>
    </Panel>
  );
}

export function shown(label: LabelOut): { key: string; color: string; name: string } {
  return { key: label.key, color: label.color, name: label.code_meaning };
}
