import { Button, Grid, Group, Modal, NumberInput, Select, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { declarePlan } from "../../api/models";
import type { FamilyOut, PlanEntryOut, PlanOut } from "../../api/types";
import { formatWords } from "../../ui/format";
import { notifyDone, notifyError } from "../../ui/notify";

const POINTS = [
  { value: "balanced", label: "Balanced: sensitivity and specificity together" },
  { value: "sensitivity", label: "Sensitivity at least …" },
  { value: "specificity", label: "Specificity at least …" },
  { value: "cost", label: "A missed finding weighs as much as … false alarms" },
];

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
  const [limits, setLimits] = useState(present.limits);
  const [kind, setKind] = useState<string>(present.operating_point.kind);
  const [value, setValue] = useState<number | null>(present.operating_point.value);
  const [reason, setReason] = useState("");
  const declare = useMutation({
    mutationFn: () =>
      declarePlan(family.id, {
        limits,
        operating_point: { kind, value: kind === "balanced" ? null : value },
        reason: reason.trim(),
      }),
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
          <Group align="flex-end" wrap="nowrap">
            <Select
              label="Operating point"
              description="Where the thresholds of new versions are chosen."
              data={POINTS}
              value={kind}
              onChange={(chosen) => {
                setKind(chosen ?? "balanced");
                setValue(null);
              }}
              flex={1}
              data-testid="plan-kind"
            />
            {kind === "balanced" ? null : (
              <NumberInput
                label={kind === "cost" ? "False alarms" : "At least"}
                required
                min={kind === "cost" ? 0.01 : 0.5}
                max={kind === "cost" ? 10_000 : 1}
                step={kind === "cost" ? 1 : 0.01}
                value={value ?? ""}
                onChange={(given) => setValue(given === "" ? null : Number(given))}
                data-testid="plan-value"
              />
            )}
          </Group>
          <Grid>
            {entries.map((entry) => (
              <Grid.Col key={entry.name} span={{ base: 12, md: 6 }}>
                <LimitField
                  entry={entry}
                  value={limits[entry.name] ?? entry.default}
                  onChange={(given) => setLimits((before) => ({ ...before, [entry.name]: given }))}
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
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-testid="plan-reason"
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep the present plan
            </Button>
            <Button
              type="submit"
              loading={declare.isPending}
              disabled={reason.trim() === "" || (kind !== "balanced" && value === null)}
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
