import { Button, Checkbox, ColorInput, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changeLabel, createLabel, projectQuery } from "../../api/projects";
import type { LabelOut, LabelUse, ProjectOut } from "../../api/types";
import { FieldClashes } from "../../ui/field-clashes";
import { notifyDone, notifyError } from "../../ui/notify";
import { sendChanged, useChangedFields } from "../../ui/use-changed-fields";

const useChoices: { value: LabelUse; label: string }[] = [
  { value: "image", label: "Said of the whole image" },
  { value: "region", label: "Drawn (contour, box, measurement)" },
  { value: "segment", label: "Painted as a mask" },
];

const swatches = ["#ff6b6b", "#ffa94d", "#ffd43b", "#69db7c", "#38d9a9", "#4dabf7", "#9775fa", "#f783ac"];

const names = {
  code_value: "Code value",
  coding_scheme_designator: "Coding scheme",
  code_meaning: "Meaning",
  uses: "Used for",
  color: "Colour",
};

type LabelValues = Pick<LabelOut, keyof typeof names>;

const valuesOf = ({ code_value, coding_scheme_designator, code_meaning, uses, color }: LabelValues) => ({
  code_value,
  coding_scheme_designator,
  code_meaning,
  uses,
  color,
});

const newLabel = (project: ProjectOut): LabelValues => ({
  code_value: "",
  coding_scheme_designator: "SCT",
  code_meaning: "",
  uses: ["image", "region"],
  color: swatches[project.labels.length % swatches.length] ?? "#4dabf7",
});

export function LabelDialog({
  project,
  label,
  opened,
  onClose,
}: {
  project: ProjectOut;
  label: LabelOut | null;
  opened: boolean;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [key, setKey] = useState("");
  const form = useChangedFields(label ? valuesOf(label) : newLabel(project));
  const { values } = form;
  const save = useMutation({
    mutationFn: async () => {
      if (!label) {
        await createLabel(project.slug, { ...values, key: key.trim(), position: project.labels.length });
        return;
      }
      const held = async () => {
        const now = await queries.fetchQuery({ ...projectQuery(project.slug), staleTime: 0 });
        return now.labels.find((one) => one.key === label.key) ?? label;
      };
      await sendChanged(
        form.changed,
        label,
        (version) => changeLabel(project.slug, label.key, form.changed, version),
        held,
        valuesOf,
      );
    },
    onSuccess: () => {
      notifyDone("Label saved.");
      void queries.invalidateQueries({ queryKey: projectQuery(project.slug).queryKey });
      onClose();
    },
    onError: (error) => notifyError(error, "Could not save the label"),
  });
  const frozen = label?.used === true;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal opened={opened} onClose={onClose} title={label ? `Change ${label.code_meaning}` : "Add a label"}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <FieldClashes form={form} names={names} />
          {frozen ? (
            <Text size="xs" c="dimmed" data-testid="label-frozen">
              Something was said with this label, so its code and what it is used for stay. Retire it and name
              a successor to mean something else from now on.
            </Text>
          ) : null}
          <TextInput
            label="Meaning"
            placeholder="Pleural effusion"
            required
            maxLength={64}
            value={values.code_meaning}
            disabled={frozen}
            onChange={(event) => form.set({ code_meaning: event.currentTarget.value })}
            data-autofocus
          />
          <TextInput
            label="Key"
            description="Short and stable: recipes and exports use it. It cannot be changed later."
            placeholder="effusion"
            required
            disabled={label !== null}
            pattern="[a-zA-Z0-9_\-]+"
            maxLength={40}
            value={label?.key ?? key}
            onChange={(event) => setKey(event.currentTarget.value)}
          />
          <Group grow align="flex-start">
            <TextInput
              label="Code value"
              placeholder="60046008"
              required
              maxLength={64}
              value={values.code_value}
              disabled={frozen}
              onChange={(event) => form.set({ code_value: event.currentTarget.value })}
            />
            <TextInput
              label="Coding scheme"
              description="SCT, RADLEX, 99…"
              inputWrapperOrder={["label", "input", "description"]}
              required
              maxLength={16}
              value={values.coding_scheme_designator}
              disabled={frozen}
              onChange={(event) => form.set({ coding_scheme_designator: event.currentTarget.value })}
            />
          </Group>
          <ColorInput
            label="Colour"
            format="hex"
            swatches={swatches}
            value={values.color}
            onChange={(color) => form.set({ color })}
            size="xs"
          />
          <Checkbox.Group
            label="Used for"
            value={values.uses}
            onChange={(chosen) =>
              form.set({
                uses: useChoices.map((use) => use.value).filter((use) => chosen.includes(use)),
              })
            }
          >
            <Stack gap={6} mt={4}>
              {useChoices.map((use) => (
                <Checkbox
                  key={use.value}
                  value={use.value}
                  label={use.label}
                  disabled={frozen && label?.uses.includes(use.value)}
                />
              ))}
            </Stack>
          </Checkbox.Group>
          <Button
            type="submit"
            loading={save.isPending}
            disabled={
              values.uses.length === 0 || (label !== null && !form.isChanged) || form.clashes.length > 0
            }
          >
            Save
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
