import { Alert, Checkbox, Fieldset, MultiSelect, Stack, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { picturesPreviewQuery } from "../../api/projects";
import type { PictureRules, PicturesPreview } from "../../api/types";
import { formatCount } from "../../ui/format";

type Choices = PicturesPreview["modalities"];
const lists = [
  { name: "modalities", label: "Modalities", placeholder: "All modalities" },
  { name: "views", label: "Views", placeholder: "All views" },
  { name: "body_parts", label: "Body parts", placeholder: "All body parts" },
] as const;
/** A choice of the list cannot be empty text: this stands for "the header does not say". */
const unsaid = "(not stated)";

const shownAs = (value: string) => value || unsaid;
const meantBy = (choice: string) => (choice === unsaid ? "" : choice);

/** What the project's images have, and what the rules name although no image has it (any more). */
function choicesOf(found: Choices, chosen: string[]) {
  const counts = new Map(found.map((choice) => [choice.value, choice.images]));
  const values = [...new Set([...counts.keys(), ...chosen])].sort();
  return values.map((value) => ({
    value: shownAs(value),
    label: `${shownAs(value)} · ${formatCount(counts.get(value) ?? 0)}`,
  }));
}

/** Which pictures the project is about, and what these rules keep and leave out of the images it has now. */
export function PictureRulesFields({
  slug,
  label,
  rules,
  onRules,
}: {
  slug: string;
  label: string;
  rules: PictureRules;
  onRules: (rules: PictureRules) => void;
}) {
  const preview = useQuery({ ...picturesPreviewQuery(slug, rules), placeholderData: keepPreviousData });
  const found = preview.data;
  return (
    <Fieldset legend={label} data-testid="picture-rules">
      <Stack gap="xs">
        <Text size="xs" c="dimmed">
          Models learn from these, are tested on them and are asked about them. Readers see every image. Never
          among them: localizers, dose sheets, scanned documents, phantoms and quality control.
        </Text>
        {lists.map(({ name, label, placeholder }) => (
          <MultiSelect
            key={name}
            label={label}
            placeholder={rules[name].length === 0 ? placeholder : undefined}
            clearable
            searchable
            data={choicesOf(found?.[name] ?? [], rules[name])}
            value={rules[name].map(shownAs)}
            onChange={(values) => onRules({ ...rules, [name]: values.map(meantBy).sort() })}
            data-testid={`pictures-${name}`}
          />
        ))}
        <Checkbox
          size="xs"
          label="Reformatted and computed images, too (of CT, MR, PET and NM, and whatever was made after the examination)"
          checked={rules.computed}
          onChange={(event) => onRules({ ...rules, computed: event.currentTarget.checked })}
          data-testid="pictures-computed"
        />
        <Checkbox
          size="xs"
          label="Screen captures and secondary captures, too"
          checked={rules.captures}
          onChange={(event) => onRules({ ...rules, captures: event.currentTarget.checked })}
          data-testid="pictures-captures"
        />
        {preview.isError ? (
          <Alert color="red" p="xs">
            What these rules keep could not be counted.
          </Alert>
        ) : null}
        {found ? <Kept found={found} /> : null}
      </Stack>
    </Fieldset>
  );
}

function Kept({ found }: { found: PicturesPreview }) {
  return (
    <div data-testid="pictures-kept">
      <Text size="sm">
        {formatCount(found.kept)} of the project's {formatCount(found.images)} images are part of the
        question.
      </Text>
      {found.left_out.length > 0 ? (
        <Text size="xs" c="dimmed">
          Left out: {found.left_out.map((one) => `${one.words} ${formatCount(one.images)}`).join(" · ")}
        </Text>
      ) : null}
    </div>
  );
}
