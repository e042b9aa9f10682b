import type { Schemas } from "../api/types";

/** Where a training is, as the training loop itself says. */
export type TrainingNumbers = Schemas["TrainingNumbersOut"];
export type TrainingEpoch = Schemas["TrainingEpochOut"];

export interface Curves {
  epochs: number[];
  losses: { name: string; values: (number | null)[] }[];
  metricName: string;
  metric: (number | null)[];
}

/** One entry an epoch, as lines; a later entry of the same epoch (after a resume) replaces the earlier one. */
export function readCurves(entries: readonly TrainingEpoch[]): Curves {
  const byEpoch = new Map(entries.map((entry) => [entry.epoch, entry]));
  const rows = [...byEpoch.values()].sort((one, other) => one.epoch - other.epoch);
  const names = new Set(rows.flatMap((row) => Object.keys(row.losses)));
  return {
    epochs: rows.map((row) => row.epoch),
    losses: [...names].map((name) => ({ name, values: rows.map((row) => row.losses[name] ?? null) })),
    metricName: rows.at(-1)?.metric_name || "metric",
    metric: rows.map((row) => row.metric),
  };
}
