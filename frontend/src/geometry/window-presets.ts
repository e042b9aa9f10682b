import type { VoiChoice } from "./frame-facts";

export interface WindowPreset {
  name: string;
  /** One of the image's own windows and tables, a fixed window in the image's unit, or one found in the pixels. */
  window: { own: number } | { center: number; width: number } | "percentile" | "full";
}

const fixed = (name: string, width: number, center: number): WindowPreset => ({
  name,
  window: { center, width },
});

/** What the image calls one of its windows or tables. */
export function nameOfChoice(voi: readonly VoiChoice[], index: number): string {
  const choice = voi[index];
  const kind = choice?.table === null ? "window" : "table";
  const own = choice?.name.trim();
  return own ? own : `${kind} ${index + 1} of the image`;
}

const inHounsfield = [
  fixed("Abdomen", 400, 40),
  fixed("Lung", 1500, -600),
  fixed("Bone", 2500, 480),
  fixed("Brain", 80, 40),
  fixed("Mediastinum", 350, 50),
  fixed("Liver", 150, 90),
  fixed("Stroke", 40, 40),
];

const inSuv = [fixed("SUV 0–5", 5, 2.5), fixed("SUV 0–10", 10, 5), fixed("SUV 0–20", 20, 10)];
const found: WindowPreset[] = [
  { name: "Auto (1–99 %)", window: "percentile" },
  { name: "Full range", window: "full" },
];

/** What the number keys do: 1 is what the image asks for, then windows of its modality, then its own further ones. */
export function windowPresets(frame: {
  modality: string;
  valueUnit: string;
  suv: { factor: number | null } | null;
  voi: readonly VoiChoice[];
}): WindowPreset[] {
  const [first] = frame.voi;
  const name = first && (frame.voi.length > 1 || first.name) ? `: ${nameOfChoice(frame.voi, 0)}` : "";
  const own = frame.voi.slice(1).map((_, at) => ({
    name: nameOfChoice(frame.voi, at + 1),
    window: { own: at + 1 },
  }));
  // A window is offered only in the unit in which the values are proven to be.
  const hounsfield = frame.modality === "CT" && frame.valueUnit === "HU";
  const usual = frame.suv?.factor != null ? inSuv : hounsfield ? inHounsfield : [];
  const rest = usual.length > 3 ? found.slice(1) : found;
  return [{ name: `As stored${name}`, window: { own: 0 } }, ...usual, ...rest, ...own];
}

/** Lowest, highest, 1st and 99th percentile of values. */
export function valueRange(values: readonly number[]): { min: number; max: number; p1: number; p99: number } {
  const sample = [...values].sort((a, b) => a - b);
  const at = (fraction: number) => sample[Math.round(fraction * (sample.length - 1))] ?? 0;
  return { min: at(0), max: at(1), p1: at(0.01), p99: at(0.99) };
}
