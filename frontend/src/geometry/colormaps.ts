export type ColormapName = "turbo" | "viridis" | "hot" | "inferno" | "green";

type Stop = readonly [number, number, number];

/** Evenly spaced stops (0..255); between them colours are mixed linearly. Sources: matplotlib, and turbo by Google. */
const stops: Record<ColormapName, readonly Stop[]> = {
  turbo: [
    [48, 18, 59],
    [70, 107, 227],
    [40, 187, 236],
    [49, 242, 153],
    [162, 252, 60],
    [237, 208, 58],
    [251, 128, 34],
    [210, 49, 5],
    [122, 4, 3],
  ],
  viridis: [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
  ],
  hot: [
    [11, 0, 0],
    [95, 0, 0],
    [178, 0, 0],
    [255, 6, 0],
    [255, 90, 0],
    [255, 173, 0],
    [255, 255, 6],
    [255, 255, 130],
    [255, 255, 255],
  ],
  inferno: [
    [0, 0, 4],
    [31, 12, 72],
    [85, 15, 109],
    [136, 34, 106],
    [186, 54, 85],
    [227, 89, 51],
    [249, 140, 10],
    [249, 201, 50],
    [252, 255, 164],
  ],
  green: [
    [0, 20, 0],
    [0, 96, 32],
    [16, 160, 56],
    [96, 224, 96],
    [210, 255, 190],
  ],
};

export const colormapNames = Object.keys(stops) as ColormapName[];

/** RGB of a value 0..1. */
export function colorAt(name: ColormapName, value: number): [number, number, number] {
  const list = stops[name];
  const x = Math.min(1, Math.max(0, value)) * (list.length - 1);
  const low = Math.min(list.length - 2, Math.floor(x));
  const a = list[low] ?? [0, 0, 0];
  const b = list[low + 1] ?? a;
  const t = x - low;
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

/** 256 RGBA entries: transparent below the threshold (0..1), else `opacity`, with a short soft edge. */
export function overlayTable(name: ColormapName, opacity: number, threshold: number): Uint8ClampedArray {
  const table = new Uint8ClampedArray(256 * 4);
  const edge = 0.06;
  for (let i = 0; i < 256; i += 1) {
    const value = i / 255;
    const [r, g, b] = colorAt(name, value);
    const above = threshold <= 0 ? 1 : Math.min(1, Math.max(0, (value - threshold) / edge));
    table.set([r, g, b, value === 0 && threshold > 0 ? 0 : 255 * opacity * above], i * 4);
  }
  return table;
}

/** A CSS gradient of the map, for legends. */
export function gradientOf(name: ColormapName): string {
  const list = stops[name];
  return `linear-gradient(to right, ${list.map(([r, g, b]) => `rgb(${r},${g},${b})`).join(", ")})`;
}
