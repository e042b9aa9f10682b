import { Button, Checkbox, Radio, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { meQuery } from "../../api/auth";
import { changeProject, projectQuery } from "../../api/projects";
import type { ProjectOut, Reveal } from "../../api/types";
import { FieldClashes } from "../../ui/field-clashes";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { sendChanged, useChangedFields } from "../../ui/use-changed-fields";
import { PictureRulesFields } from "./picture-rules-fields";

const reveals: { value: Reveal; label: string; description: string }[] = [
  {
    value: "after_own_answer",
    label: "After the reader's own answer",
    description: "Model findings appear when the reader has submitted: people are not led by the model.",
  },
  { value: "always", label: "From the start", description: "Readers see model findings while they read." },
  { value: "never", label: "Never to readers", description: "Only reviewers see model findings." },
];

const names = {
  title: "Title",
  description: "What it is about",
  instructions: "Instructions to readers",
  reveal: "When are model findings shown?",
  required_labels: "Answers asked for",
  show_abandoned: "What an abandoned reading said",
  pictures: "Pictures it is about",
};

const valuesOf = ({
  title,
  description,
  instructions,
  reveal,
  required_labels,
  show_abandoned,
  pictures,
}: ProjectOut) => ({
  title,
  description,
  instructions,
  reveal,
  required_labels,
  show_abandoned,
  pictures,
});

/** Title, instructions, and when readers may see what the models found. */
export function ProtocolPanel({ project }: { project: ProjectOut }) {
  const queries = useQueryClient();
  const form = useChangedFields(valuesOf(project));
  const { values } = form;
  const save = useMutation({
    mutationFn: () =>
      sendChanged(
        form.changed,
        project,
        (version) => changeProject(project.slug, form.changed, version),
        () => queries.fetchQuery({ ...projectQuery(project.slug), staleTime: 0 }),
        valuesOf,
      ),
    onSuccess: async () => {
      notifyDone("Project saved.");
      await queries.invalidateQueries({ queryKey: projectQuery(project.slug).queryKey });
      form.done();
      void queries.invalidateQueries({ queryKey: meQuery.queryKey });
    },
    onError: (error) => notifyError(error, "Could not save the project"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const asked = project.labels.filter((label) => !label.retired_at && label.uses.includes("image"));
  return (
    <Panel title="Reading protocol" testId="protocol-panel">
      <form onSubmit={submit}>
        <Stack gap="sm" maw={760}>
          <FieldClashes form={form} names={names} />
          <TextInput
            label={names.title}
            required
            maxLength={120}
            value={values.title}
            data-testid="protocol-title"
            onChange={(event) => form.set({ title: event.currentTarget.value })}
          />
          <TextInput
            label={names.description}
            value={values.description}
            data-testid="protocol-description"
            onChange={(event) => form.set({ description: event.currentTarget.value })}
          />
          <Textarea
            label={names.instructions}
            description="Shown beside every case."
            autosize
            minRows={3}
            value={values.instructions}
            onChange={(event) => form.set({ instructions: event.currentTarget.value })}
          />
          <Radio.Group
            label={names.reveal}
            value={values.reveal}
            onChange={(value) => {
              const chosen = reveals.find((choice) => choice.value === value);
              if (chosen) {
                form.set({ reveal: chosen.value });
              }
            }}
          >
            <Stack gap={6} mt={6}>
              {reveals.map((choice) => (
                <Radio
                  key={choice.value}
                  value={choice.value}
                  label={choice.label}
                  description={choice.description}
                  size="xs"
                  data-testid={`reveal-${choice.value}`}
                />
              ))}
            </Stack>
          </Radio.Group>
          <Checkbox.Group
            label={names.required_labels}
            description="A reading is handed in when each of these is answered present or absent."
            value={values.required_labels ?? asked.map((label) => label.key)}
            onChange={(keys) => form.set({ required_labels: keys })}
          >
            <Stack gap={6} mt={6}>
              {asked.map((label) => (
                <Checkbox key={label.key} value={label.key} label={label.code_meaning} size="xs" />
              ))}
            </Stack>
          </Checkbox.Group>
          <Switch
            label="The next reader sees what an abandoned reading had said"
            size="xs"
            checked={values.show_abandoned}
            onChange={(event) => form.set({ show_abandoned: event.currentTarget.checked })}
          />
          <PictureRulesFields
            slug={project.slug}
            label={names.pictures}
            rules={values.pictures}
            onRules={(pictures) => form.set({ pictures })}
          />
          <Button
            type="submit"
            w="fit-content"
            loading={save.isPending}
            disabled={!form.isChanged || form.clashes.length > 0}
            data-testid="protocol-save"
          >
            Save
          </Button>
        </Stack>
      </form>
    </Panel>
  );
}
