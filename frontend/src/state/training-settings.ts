import type { FamilyOut } from "../api/types";

/** One numeric setting of a training that a person may change; its name is the config's field. */
export interface Setting {
  name: string;
  label: string;
  help: string;
  step: number;
  decimals: number;
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
];

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
