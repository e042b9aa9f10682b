import { Button, Radio, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { meQuery } from "../../api/auth";
import { changeProject, projectQuery } from "../../api/projects";
import type { ProjectOut, Reveal } from "../../api/types";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";

const reveals: { value: Reveal; label: string; description: string }[] = [
  {
    value: "after_own_answer",
    label: "After the reader's own answer",
    description: "Model findings appear when the reader has submitted: people are not led by the model.",
  },
  { value: "always", label: "From the start", description: "Readers see model findings while they read." },
  { value: "never", label: "Never to readers", description: "Only reviewers see model findings." },
];

/** Title, instructions, and when readers may see what the models found. */
export function ProtocolPanel({ project }: { project: ProjectOut }) {
  const queries = useQueryClient();
  const [title, setTitle] = useState(project.title);
  const [description, setDescription] = useState(project.description);
  const [instructions, setInstructions] = useState(project.instructions);
  const [reveal, setReveal] = useState<Reveal>(project.reveal);
  const save = useMutation({
    mutationFn: () => changeProject(project.slug, { title: title.trim(), description, instructions, reveal }),
    onSuccess: () => {
      notifyDone("Project saved.");
      void queries.invalidateQueries({ queryKey: projectQuery(project.slug).queryKey });
      void queries.invalidateQueries({ queryKey: meQuery.queryKey });
    },
    onError: (error) => notifyError(error, "Could not save the project"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Panel title="Reading protocol" testId="protocol-panel">
      <form onSubmit={submit}>
        <Stack gap="sm" maw={760}>
          <TextInput
            label="Title"
            required
            maxLength={120}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <TextInput
            label="What it is about"
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Textarea
            label="Instructions to readers"
            description="Shown beside every case."
            autosize
            minRows={3}
            value={instructions}
            onChange={(event) => setInstructions(event.currentTarget.value)}
          />
          <Radio.Group
            label="When are model findings shown?"
            value={reveal}
            onChange={(value) => setReveal(reveals.find((choice) => choice.value === value)?.value ?? reveal)}
          >
            <Stack gap={6} mt={6}>
              {reveals.map((choice) => (
                <Radio
                  key={choice.value}
                  value={choice.value}
                  label={choice.label}
                  description={choice.description}
                  size="xs"
                />
              ))}
            </Stack>
          </Radio.Group>
          <Button type="submit" w="fit-content" loading={save.isPending} data-testid="protocol-save">
            Save
          </Button>
        </Stack>
      </form>
    </Panel>
  );
}
