import type { FamilyOut } from "../api/types";

/** One numeric setting of a training that a person may change; its name is the config's field. */
export interface Setting {
  name: string;
  label: string;
  help: string;
  step: number;
  decimals: number;
  /** Of those that few people change: shown when they ask for more. */
  more?: boolean;
}

/** How each setting is shown; which ones a family has, their defaults and their limits, the server says. */
const settings: Setting[] = [
  {
    name: "epochs",
    label: "Epochs",
    help: "How often every training case is seen.",
    step: 1,
    decimals: 0,
  },
  {
    name: "learning_rate",
    label: "Learning rate",
    help: "How large the steps are. Lower it when the loss jumps.",
    step: 0.0005,
    decimals: 6,
  },
  {
    name: "batch_size",
    label: "Batch size",
    help: "Cases in one step. Lower it when memory runs out.",
    step: 1,
    decimals: 0,
  },
  {
    name: "seed",
    label: "Seed",
    help: "The same seed, snapshot and settings give the same model on a CPU.",
    step: 1,
    decimals: 0,
  },
  {
    name: "patience",
    label: "Stop early after",
    help: "Epochs in a row that brought nothing better; 0: all epochs are run.",
    step: 1,
    decimals: 0,
    more: true,
  },
  {
    name: "ema_decay",
    label: "Average of the weights",
    help: "How much of it stays at each step, e.g. 0.99; steadier from epoch to epoch. 0: none.",
    step: 0.01,
    decimals: 4,
    more: true,
  },
  {
    name: "accumulation",
    label: "Parts of a batch",
    help: "More parts need less memory and a third more time; the batch stays what it is.",
    step: 1,
    decimals: 0,
    more: true,
  },
  {
    name: "loaders",
    label: "Loader threads",
    help: "Prepare the next images meanwhile. The result is the same with any number.",
    step: 1,
    decimals: 0,
    more: true,
  },
];

/** What the training dialog calls a setting, nothing for those it does not offer as a number. */
export function settingName(name: string): string | undefined {
  return settings.find((setting) => setting.name === name)?.label;
}

/** A setting as the family offers it. */
export interface OfferedSetting extends Setting {
  initial: number;
  min: number;
  max: number;
}

/** The settings that the family offers, each with its default. */
export function offeredSettings(
  defaults: Record<string, unknown>,
  limits: FamilyOut["training_limits"],
): OfferedSetting[] {
  return settings.flatMap((setting) => {
    const initial = defaults[setting.name];
    const limit = limits[setting.name];
    return typeof initial === "number" && limit
      ? [{ ...setting, initial, min: limit.minimum, max: limit.maximum }]
      : [];
  });
}
