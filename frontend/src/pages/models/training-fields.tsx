import { Grid, NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import type { EntryOut, SettingValue, TrainingConfig } from "../../api/types";
import { type Chosen, numbersOf, valueIn, valueWords } from "../../state/training-settings";
import { formatWords } from "../../ui/format";

/** One field for each setting; what is left alone shows what it would be. */
export function TrainingFields({
  entries,
  chosen,
  usual,
  onChange,
}: {
  entries: EntryOut[];
  chosen: Chosen;
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
            usual={valueIn(usual, entry.name) ?? entry.default}
            onChange={choose(entry.name)}
          />
        </Grid.Col>
      ))}
    </Grid>
  );
}

interface FieldProps {
  entry: EntryOut;
  /** What was chosen, undefined where nothing was. */
  value: SettingValue | undefined;
  /** What it is where nothing is chosen. */
  usual: SettingValue;
  onChange: (value: SettingValue | undefined) => void;
}

function SettingField({ entry, value, usual, onChange }: FieldProps) {
  const common = {
    label: entry.title,
    description: entry.description,
    "data-testid": `train-${entry.name}`,
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
    return <ListField entry={entry} value={value} usual={usual} onChange={onChange} />;
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
      placeholder={`${valueWords(usual)} (default)`}
      onChange={(given) => onChange(given === "" ? undefined : Number(given))}
    />
  );
}

/** Numbers beside each other, as they are typed; empty is the default again. */
function ListField({ entry, value, usual, onChange }: FieldProps) {
  const [text, setText] = useState(Array.isArray(value) ? value.join(", ") : "");
  const wrong = numbersOf(text) === null;
  return (
    <TextInput
      label={entry.title}
      description={entry.description}
      placeholder={`${valueWords(usual)} (default)`}
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
