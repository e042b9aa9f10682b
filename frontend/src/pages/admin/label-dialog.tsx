import { Button, Checkbox, ColorInput, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changeLabel, createLabel, projectQuery } from "../../api/projects";
import type { LabelOut, LabelUse, ProjectOut } from "../../api/types";
import { notifyDone, notifyError } from "../../ui/notify";

const uses: { value: LabelUse; label: string }[] = [
  { value: "image", label: "Said of the whole image" },
  { value: "region", label: "Drawn (contour, box, measurement)" },
  { value: "segment", label: "Painted as a mask" },
];

const swatches = ["#ff6b6b", "#ffa94d", "#ffd43b", "#69db7c", "#38d9a9", "#4dabf7", "#9775fa", "#f783ac"];

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
  const [key, setKey] = useState(label?.key ?? "");
  const [meaning, setMeaning] = useState(label?.code_meaning ?? "");
  const [code, setCode] = useState(label?.code_value ?? "");
  const [scheme, setScheme] = useState(label?.coding_scheme_designator ?? "SCT");
  const [color, setColor] = useState(
    label?.color ?? swatches[project.labels.length % swatches.length] ?? "#4dabf7",
  );
  const [chosen, setChosen] = useState<LabelUse[]>(label?.uses ?? ["image", "region"]);
  const save = useMutation({
    mutationFn: () => {
      const fields = {
        code_value: code.trim(),
        coding_scheme_designator: scheme.trim(),
        code_meaning: meaning.trim(),
        uses: chosen,
        color,
      };
      return label
        ? changeLabel(project.slug, label.key, fields)
        : createLabel(project.slug, { ...fields, key: key.trim(), position: project.labels.length });
    },
    onSuccess: () => {
      notifyDone("Label saved.");
      void queries.invalidateQueries({ queryKey: projectQuery(project.slug).queryKey });
      onClose();
    },
    onError: (error) => notifyError(error, "Could not save the label"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal opened={opened} onClose={onClose} title={label ? `Change ${label.code_meaning}` : "Add a label"}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Meaning"
            placeholder="Pleural effusion"
            required
            maxLength={64}
            value={meaning}
            onChange={(event) => setMeaning(event.currentTarget.value)}
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
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
          />
          <Group grow align="flex-start">
            <TextInput
              label="Code value"
              placeholder="60046008"
              required
              maxLength={64}
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
            <TextInput
              label="Coding scheme"
              description="SCT, RADLEX, 99…"
              inputWrapperOrder={["label", "input", "description"]}
              required
              maxLength={16}
              value={scheme}
              onChange={(event) => setScheme(event.currentTarget.value)}
            />
          </Group>
          <ColorInput
            label="Colour"
            format="hex"
            swatches={swatches}
            value={color}
            onChange={setColor}
            size="xs"
          />
          <Checkbox.Group
            label="Used for"
            value={chosen}
            onChange={(values) =>
              setChosen(uses.map((use) => use.value).filter((use) => values.includes(use)))
            }
          >
            <Stack gap={6} mt={4}>
              {uses.map((use) => (
                <Checkbox key={use.value} value={use.value} label={use.label} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Button type="submit" loading={save.isPending} disabled={chosen.length === 0}>
            Save
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
