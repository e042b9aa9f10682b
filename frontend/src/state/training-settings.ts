import type { SettingValue, TrainingConfig } from "../api/types";

/** What a person chose, by the setting's name as the server tells it: "epochs", "augmentation.noise". */
export type Chosen = Record<string, SettingValue>;

/** The settings to send: names with a point lie in an object. */
export function configOf(chosen: Chosen): TrainingConfig {
  const config: TrainingConfig = {};
  for (const [name, value] of Object.entries(chosen)) {
    const [whole = "", part] = name.split(".");
    config[whole] = part ? { ...(config[whole] as TrainingConfig | undefined), [part]: value } : value;
  }
  return config;
}

/** What a setting is in a whole configuration; undefined where that has none of this name. */
export function valueIn(config: TrainingConfig | undefined, name: string): SettingValue | undefined {
  const [whole = "", part] = name.split(".");
  const found = config?.[whole];
  const value = part ? (found as TrainingConfig | undefined)?.[part] : found;
  return value as SettingValue | undefined;
}

/** The numbers of a list as they are typed: "128, 128" or "1.5 0.7 0.7"; null where something else is in it. */
export function numbersOf(text: string): number[] | null {
  const parts = text.split(/[\s,;×]+/).filter((part) => part !== "");
  const numbers = parts.map(Number);
  return numbers.every(Number.isFinite) ? numbers : null;
}

/** A value as a person reads it. */
export function valueWords(value: SettingValue | undefined): string {
  if (value === null || value === undefined) {
    return "none";
  }
  if (typeof value === "boolean") {
    return value ? "on" : "off";
  }
  return Array.isArray(value) ? value.join(", ") : String(value);
}
