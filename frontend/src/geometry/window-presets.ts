export interface WindowPreset {
  name: string;
  /** Fixed window in the image's unit, or how to find one in the pixels. */
  window: { center: number; width: number } | "stored" | "percentile" | "full";
}

const fixed = (name: string, width: number, center: number): WindowPreset => ({
  name,
  window: { center, width },
});

const found: WindowPreset[] = [
  { name: "As stored", window: "stored" },
  { name: "Auto (1–99 %)", window: "percentile" },
  { name: "Full range", window: "full" },
];

/** What the number keys 1 to 9 do for a modality; 1 is always the image's own window. */
export function windowPresets(modality: string): WindowPreset[] {
  if (modality === "CT") {
    return [
      { name: "As stored", window: "stored" },
      fixed("Abdomen", 400, 40),
      fixed("Lung", 1500, -600),
      fixed("Bone", 2500, 480),
      fixed("Brain", 80, 40),
      fixed("Mediastinum", 350, 50),
      fixed("Liver", 150, 90),
      fixed("Stroke", 40, 40),
      { name: "Full range", window: "full" },
    ];
  }
  if (modality === "PT") {
    return [
      { name: "As stored", window: "stored" },
      fixed("SUV 0–5", 5, 2.5),
      fixed("SUV 0–10", 10, 5),
      fixed("SUV 0–20", 20, 10),
      { name: "Full range", window: "full" },
    ];
  }
  return found;
}

/** Lowest, highest, 1st and 99th percentile of pixel values, from at most about 60 000 samples. */
export function valueRange(values: ArrayLike<number>): { min: number; max: number; p1: number; p99: number } {
  const step = Math.max(1, Math.floor(values.length / 60_000));
  const sample: number[] = [];
  for (let i = 0; i < values.length; i += step) {
    const value = values[i];
    if (value !== undefined && Number.isFinite(value)) {
      sample.push(value);
    }
  }
  sample.sort((a, b) => a - b);
  const at = (fraction: number) => sample[Math.round(fraction * (sample.length - 1))] ?? 0;
  return { min: at(0), max: at(1), p1: at(0.01), p99: at(0.99) };
}
