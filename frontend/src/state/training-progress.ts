import { firstNum, list, num, record, str } from "./loose";

/** Where a training is. */
export interface TrainingProgress {
  phase: string;
  epoch: number | null;
  epochs: number | null;
  step: number | null;
  steps: number | null;
  losses: [string, number][];
  metricName: string;
  metric: number | null;
  elapsedSeconds: number | null;
  etaSeconds: number | null;
}

export interface Curves {
  epochs: number[];
  losses: { name: string; values: (number | null)[] }[];
  metricName: string;
  metric: (number | null)[];
}

export function readProgress(value: unknown): TrainingProgress {
  const row = record(value);
  return {
    phase: str(row.phase),
    epoch: num(row.epoch),
    epochs: num(row.epochs),
    step: num(row.step),
    steps: num(row.steps),
    losses: Object.entries(record(row.losses)).flatMap(([name, loss]) => {
      const figure = num(loss);
      return figure === null ? [] : [[name, figure] as [string, number]];
    }),
    metricName: str(row.metric_name),
    metric: num(row.metric),
    elapsedSeconds: num(row.elapsed_seconds),
    etaSeconds: firstNum(row, "eta_seconds", "eta"),
  };
}

/** One entry an epoch, as lines; a later entry of the same epoch (after a resume) replaces the earlier one. */
export function readCurves(value: unknown): Curves {
  const byEpoch = new Map<number, Record<string, unknown>>();
  for (const entry of list(value)) {
    const row = record(entry);
    const epoch = num(row.epoch);
    if (epoch !== null) {
      byEpoch.set(epoch, row);
    }
  }
  const rows = [...byEpoch.entries()].sort(([one], [other]) => one - other);
  const names = new Set(rows.flatMap(([, row]) => Object.keys(record(row.losses))));
  return {
    epochs: rows.map(([epoch]) => epoch),
    losses: [...names].map((name) => ({
      name,
      values: rows.map(([, row]) => num(record(row.losses)[name])),
    })),
    metricName: str(rows.at(-1)?.[1].metric_name) || "metric",
    metric: rows.map(([, row]) => num(row.metric)),
  };
}

/** How much of the whole is done (0..1), from epochs and steps; `null` while nothing is known. */
export function shareDone(progress: TrainingProgress): number | null {
  const { epoch, epochs, step, steps, phase } = progress;
  if (!epochs || epoch === null) {
    return null;
  }
  const within = phase === "training" && steps && step !== null ? step / steps : 1;
  const whole = phase === "training" ? epoch - 1 : epoch;
  return Math.max(0, Math.min(1, (whole + (phase === "training" ? within : 0)) / epochs));
}
