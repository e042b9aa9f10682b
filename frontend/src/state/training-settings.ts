/** One numeric setting of a training that a person may change; its name is the config's field. */
export interface Setting {
  name: string;
  label: string;
  help: string;
  min: number;
  max: number;
  step: number;
  decimals: number;
}

/** How each setting is shown; which ones a family has, and their defaults, the server says. */
const settings: Setting[] = [
  {
    name: "epochs",
    label: "Epochs",
    help: "How often every training case is seen.",
    min: 1,
    max: 1000,
    step: 1,
    decimals: 0,
  },
  {
    name: "learning_rate",
    label: "Learning rate",
    help: "How large the steps are. Lower it when the loss jumps.",
    min: 0.000001,
    max: 0.1,
    step: 0.0005,
    decimals: 6,
  },
  {
    name: "batch_size",
    label: "Batch size",
    help: "Cases in one step. Lower it when memory runs out.",
    min: 1,
    max: 256,
    step: 1,
    decimals: 0,
  },
  {
    name: "seed",
    label: "Seed",
    help: "The same seed, snapshot and settings give the same model on a CPU.",
    min: 0,
    max: 2_147_483_647,
    step: 1,
    decimals: 0,
  },
];

/** The settings that the family offers, each with its default. */
export function offeredSettings(defaults: Record<string, unknown>): (Setting & { initial: number })[] {
  return settings.flatMap((setting) => {
    const initial = defaults[setting.name];
    return typeof initial === "number" ? [{ ...setting, initial }] : [];
  });
}
