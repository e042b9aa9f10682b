import { Grid, Group, NumberInput, Select, Textarea } from "@mantine/core";
import { useState } from "react";
import type { PlanFields } from "../../api/models";
import type { PlanEntryOut, PlanOut, RecipeOut } from "../../api/types";
import { formatWords } from "../../ui/format";

/** What the number of an operating point is called, and what it may be. */
const NUMBERS: Record<string, { label: string; min: number; max: number; step: number }> = {
  sensitivity: { label: "At least", min: 0.5, max: 1, step: 0.01 },
  specificity: { label: "At least", min: 0.5, max: 1, step: 0.01 },
  cost: { label: "False alarms", min: 0.01, max: 10_000, step: 1 },
  false_boxes: { label: "At most", min: 0.01, max: 100, step: 0.5 },
};

export interface PlanDraft {
  limits: Record<string, number | string>;
  kind: string;
  value: number | null;
  reason: string;
}

/** What is being declared: what a plan says, or else every limit's default, until somebody changes it. */
export function usePlanDraft(present?: PlanOut): [PlanDraft, (changes: Partial<PlanDraft>) => void] {
  const [draft, setDraft] = useState<PlanDraft>({
    limits: present?.limits ?? {},
    kind: present?.operating_point.kind ?? "balanced",
    value: present?.operating_point.value ?? null,
    reason: "",
  });
  return [draft, (changes) => setDraft((before) => ({ ...before, ...changes }))];
}

/** A plan can be declared: with a reason, and a number where its operating point needs one. */
export const isWhole = (draft: PlanDraft): boolean =>
  draft.reason.trim() !== "" && (draft.kind === "balanced" || draft.value !== null);

export const planFieldsOf = ({ limits, kind, value, reason }: PlanDraft): PlanFields => ({
  limits,
  operating_point: { kind, value: kind === "balanced" ? null : value },
  reason: reason.trim(),
});

/** Every limit with what it means, where decisions lie, and why. */
export function PlanInputs({
  draft,
  entries,
  points,
  onChange,
}: {
  draft: PlanDraft;
  entries: PlanEntryOut[];
  points: RecipeOut["operating_points"];
  onChange: (changes: Partial<PlanDraft>) => void;
}) {
  const number = NUMBERS[draft.kind];
  return (
    <>
      <Group align="flex-end" wrap="nowrap">
        <Select
          label="Operating point"
          description="Where the thresholds of new versions are chosen."
          data={points.map((point) => ({ value: point.kind, label: point.words }))}
          allowDeselect={false}
          value={draft.kind}
          onChange={(chosen) => onChange({ kind: chosen ?? "balanced", value: null })}
          flex={1}
          data-testid="plan-kind"
        />
        {number === undefined ? null : (
          <NumberInput
            {...number}
            required
            value={draft.value ?? ""}
            onChange={(given) => onChange({ value: given === "" ? null : Number(given) })}
            data-testid="plan-value"
          />
        )}
      </Group>
      <Grid>
        {entries.map((entry) => (
          <Grid.Col key={entry.name} span={{ base: 12, md: 6 }}>
            <LimitField
              entry={entry}
              value={draft.limits[entry.name] ?? entry.default}
              onChange={(given) => onChange({ limits: { ...draft.limits, [entry.name]: given } })}
            />
          </Grid.Col>
        ))}
      </Grid>
      <Textarea
        label="Why?"
        description="Kept with the plan and your name, and in the audit trail."
        required
        autosize
        minRows={2}
        maxLength={2000}
        value={draft.reason}
        onChange={(event) => onChange({ reason: event.currentTarget.value })}
        data-testid="plan-reason"
      />
    </>
  );
}

function LimitField({
  entry,
  value,
  onChange,
}: {
  entry: PlanEntryOut;
  value: number | string;
  onChange: (value: number | string) => void;
}) {
  const common = { label: entry.title, description: entry.description, "data-testid": `plan-${entry.name}` };
  if (entry.kind === "choice") {
    return (
      <Select
        {...common}
        data={entry.choices.map((choice) => ({ value: choice, label: formatWords(choice) }))}
        value={String(value)}
        allowDeselect={false}
        onChange={(chosen) => onChange(chosen ?? entry.default)}
      />
    );
  }
  return (
    <NumberInput
      {...common}
      min={entry.minimum ?? undefined}
      max={entry.maximum ?? undefined}
      step={entry.kind === "count" ? 1 : 0.01}
      decimalScale={entry.kind === "count" ? 0 : 3}
      value={value}
      onChange={(given) => onChange(given === "" ? entry.default : Number(given))}
    />
  );
}
