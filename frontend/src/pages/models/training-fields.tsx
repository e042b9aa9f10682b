import { Anchor, Grid, NumberInput, Select, Switch, Text, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import type { EntryOut, ProposedSettingOut, SettingValue, TrainingConfig } from "../../api/types";
import { isChanged } from "../../state/proposed-settings";
import { type Chosen, numbersOf, valueIn, valueWords } from "../../state/training-settings";
import { formatWords } from "../../ui/format";
import classes from "./training-fields.module.css";

/** One field for each setting; what is left alone shows what it would be. */
export function TrainingFields({
  entries,
  chosen,
  proposed,
  usual,
  onChange,
}: {
  entries: EntryOut[];
  chosen: Chosen;
  /** What the cases ask for, by the setting's name. */
  proposed: Record<string, ProposedSettingOut>;
  /** What the training would have now. */
  usual: TrainingConfig | undefined;
  onChange: (chosen: Chosen) => void;
}) {
  const choose = (name: string) => (value: SettingValue | undefined) => {
    const { [name]: _before, ...others } = chosen;
    onChange(value === undefined ? others : { ...others, [name]: value });
  };
  return (
    <Grid>
      {entries.map((entry) => (
        <Grid.Col key={entry.name} span={{ base: 12, xs: 6, md: 4 }}>
          <SettingField
            entry={entry}
            value={chosen[entry.name]}
            usual={proposed[entry.name]?.value ?? valueIn(usual, entry.name) ?? entry.default}
            word={proposed[entry.name] ? "proposed" : "default"}
            onChange={choose(entry.name)}
          />
          <Why
            name={entry.name}
            proposed={proposed[entry.name]}
            value={chosen[entry.name]}
            onChange={choose(entry.name)}
          />
        </Grid.Col>
      ))}
    </Grid>
  );
}

/** Why a setting is not the preset's, and the way to the preset's value and back. */
function Why({
  name,
  proposed,
  value,
  onChange,
}: {
  name: string;
  proposed: ProposedSettingOut | undefined;
  value: SettingValue | undefined;
  onChange: (value: SettingValue | undefined) => void;
}) {
  if (!proposed) {
    return null;
  }
  const changed = isChanged(proposed, value);
  return (
    <Text size="xs" mt={4} data-testid={`why-${name}`} data-changed={changed}>
      {changed ? `Proposed was ${valueWords(proposed.value)}. ` : null}
      {proposed.reason}{" "}
      <Anchor
        component="button"
        type="button"
        size="xs"
        onClick={() => onChange(changed ? undefined : proposed.preset)}
        data-testid={`why-${name}-other`}
      >
        {changed ? "As proposed" : `As the preset: ${valueWords(proposed.preset)}`}
      </Anchor>
    </Text>
  );
}

interface FieldProps {
  entry: EntryOut;
  /** What was chosen, undefined where nothing was. */
  value: SettingValue | undefined;
  /** What it is where nothing is chosen. */
  usual: SettingValue;
  /** Whose value that is. */
  word: "proposed" | "default";
  onChange: (value: SettingValue | undefined) => void;
}

function SettingField({ entry, value, usual, word, onChange }: FieldProps) {
  const common = {
    label: entry.title,
    description: entry.description,
    "data-testid": `train-${entry.name}`,
    ...(word === "proposed" ? { classNames: { input: classes.proposed ?? "" } } : {}),
  };
  if (entry.kind === "switch") {
    return (
      <Switch
        {...common}
        mt="lg"
        checked={(value ?? usual) === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  }
  if (entry.kind === "choice") {
    return (
      <Select
        {...common}
        data={entry.choices.map((choice) => ({ value: String(choice), label: formatWords(String(choice)) }))}
        value={String(value ?? usual)}
        allowDeselect={false}
        onChange={(name) => onChange(entry.choices.find((choice) => String(choice) === name))}
      />
    );
  }
  if (entry.kind === "list") {
    return <ListField entry={entry} value={value} usual={usual} word={word} onChange={onChange} />;
  }
  const whole = entry.kind === "count";
  return (
    <NumberInput
      {...common}
      min={entry.minimum ?? undefined}
      max={entry.maximum ?? undefined}
      step={whole ? 1 : stepOf(Number(usual))}
      decimalScale={whole ? 0 : 7}
      value={typeof value === "number" ? value : ""}
      placeholder={`${valueWords(usual)} (${word})`}
      onChange={(given) => onChange(given === "" ? undefined : Number(given))}
    />
  );
}

/** Numbers beside each other, as they are typed; empty is the default again. */
function ListField({ entry, value, usual, word, onChange }: FieldProps) {
  const [text, setText] = useState(Array.isArray(value) ? value.join(", ") : "");
  const wrong = numbersOf(text) === null;
  useEffect(() => {
    // Chosen elsewhere: by the way back to the preset, or by what would fit. What is typed stays as it is typed.
    const shown = Array.isArray(value) ? value.join(", ") : String(value ?? "");
    setText((before) => (numbersOf(before)?.join(", ") === shown ? before : shown));
  }, [value]);
  return (
    <TextInput
      label={entry.title}
      description={entry.description}
      {...(word === "proposed" ? { classNames: { input: classes.proposed ?? "" } } : {})}
      placeholder={`${valueWords(usual)} (${word})`}
      value={text}
      error={wrong ? "Numbers, with commas between them." : undefined}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        const numbers = numbersOf(typed);
        // What is no list of numbers is sent as it is: the server says what is wrong with it.
        onChange(numbers === null ? typed : numbers.length > 0 ? numbers : undefined);
      }}
      data-testid={`train-${entry.name}`}
    />
  );
}

/** A tenth of the order of magnitude that the value has: 0.002 goes in steps of 0.0001. */
const stepOf = (value: number): number => (value > 0 ? 10 ** (Math.floor(Math.log10(value)) - 1) : 0.01);
