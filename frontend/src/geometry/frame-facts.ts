import { itemsOf, type JsonDataset, numberOf, numbersOf, textOf } from "./dicom-json";
import { areDirections, type FramePlane, type Vector } from "./plane";

/** Millimetres between pixels, and which attribute proves it. */
export interface ProvenSpacing {
  rowMm: number;
  columnMm: number;
  source: "PixelSpacing" | "ImagerPixelSpacing" | "UltrasoundRegion";
}

export interface StoredWindow {
  center: number;
  width: number;
  name: string;
}

/** What a viewer must know of one frame, read from its DICOM JSON. */
export interface FrameFacts {
  sopInstanceUid: string;
  frameNumber: number;
  instanceNumber: number;
  rows: number;
  columns: number;
  modality: string;
  photometric: string;
  color: boolean;
  plane: FramePlane | null;
  spacing: ProvenSpacing | null;
  windows: StoredWindow[];
  /** Unit of the stored values after rescale: HU, BQML, "" … */
  valueUnit: string;
  rescaleSlope: number;
  rescaleIntercept: number;
  /** SUVbw per stored (rescaled) unit, or null. */
  suvFactor: number | null;
  framesPerSecond: number | null;
}

const vector = (values: number[], at: number): Vector => [
  values[at] ?? Number.NaN,
  values[at + 1] ?? Number.NaN,
  values[at + 2] ?? Number.NaN,
];

/** A functional group's item: of the frame if it is there, else the shared one. */
function groupItem(dataset: JsonDataset, frame: number, tag: string): JsonDataset | undefined {
  const own = itemsOf(dataset, "52009230")[frame - 1];
  const shared = itemsOf(dataset, "52009229")[0];
  return itemsOf(own, tag)[0] ?? itemsOf(shared, tag)[0];
}

export function planeOf(dataset: JsonDataset, frame: number): FramePlane | null {
  const position = numbersOf(groupItem(dataset, frame, "00209113") ?? dataset, "00200032");
  const orientation = numbersOf(groupItem(dataset, frame, "00209116") ?? dataset, "00200037");
  const spacing = numbersOf(groupItem(dataset, frame, "00289110") ?? dataset, "00280030");
  const frameOfReferenceUid = textOf(dataset, "00200052");
  const frames = numberOf(dataset, "00280008") ?? 1;
  const [rowSpacing, columnSpacing] = spacing;
  if (position.length !== 3 || orientation.length !== 6 || !frameOfReferenceUid) {
    return null;
  }
  // One position for many frames (ultrasound loops, NM) places none of them.
  if (frames > 1 && !groupItem(dataset, frame, "00209113")) {
    return null;
  }
  if (!rowSpacing || !columnSpacing || rowSpacing <= 0 || columnSpacing <= 0) {
    return null;
  }
  const rowCosine = vector(orientation, 0);
  const columnCosine = vector(orientation, 3);
  if (!areDirections(rowCosine, columnCosine)) {
    return null;
  }
  return {
    frameOfReferenceUid,
    position: vector(position, 0),
    rowCosine,
    columnCosine,
    rowSpacing,
    columnSpacing,
  };
}

const centimetres = 3;

/** Spacing of an ultrasound image, only when one region covers it or all regions agree. */
function ultrasoundSpacing(dataset: JsonDataset): ProvenSpacing | null {
  const regions = itemsOf(dataset, "00186011").filter(
    (region) => numberOf(region, "00186024") === centimetres && numberOf(region, "00186026") === centimetres,
  );
  const spacings = regions.map((region) => ({
    rowMm: Math.abs(numberOf(region, "0018602E") ?? 0) * 10,
    columnMm: Math.abs(numberOf(region, "0018602C") ?? 0) * 10,
  }));
  const first = spacings[0];
  if (!first || first.rowMm === 0 || first.columnMm === 0) {
    return null;
  }
  const agree = spacings.every(
    (s) => Math.abs(s.rowMm - first.rowMm) < 1e-6 && Math.abs(s.columnMm - first.columnMm) < 1e-6,
  );
  return agree ? { ...first, source: "UltrasoundRegion" } : null;
}

export function spacingOf(dataset: JsonDataset, frame: number): ProvenSpacing | null {
  const pixel = numbersOf(groupItem(dataset, frame, "00289110") ?? dataset, "00280030");
  if (pixel[0] && pixel[1] && pixel[0] > 0 && pixel[1] > 0) {
    return { rowMm: pixel[0], columnMm: pixel[1], source: "PixelSpacing" };
  }
  const imager = numbersOf(dataset, "00181164");
  if (imager[0] && imager[1] && imager[0] > 0 && imager[1] > 0) {
    return { rowMm: imager[0], columnMm: imager[1], source: "ImagerPixelSpacing" };
  }
  return ultrasoundSpacing(dataset);
}

function windowsOf(dataset: JsonDataset, frame: number): StoredWindow[] {
  const home = groupItem(dataset, frame, "00289132") ?? dataset;
  const centers = numbersOf(home, "00281050");
  const widths = numbersOf(home, "00281051");
  const names = home["00281055"]?.Value ?? [];
  const windows: StoredWindow[] = [];
  centers.forEach((center, index) => {
    const width = widths[index];
    if (width !== undefined && width >= 1) {
      windows.push({ center, width, name: typeof names[index] === "string" ? String(names[index]) : "" });
    }
  });
  return windows;
}

function secondsOf(time: string): number | null {
  const match = /^(\d{2})(\d{2})?(\d{2}(?:\.\d+)?)?/.exec(time);
  return match ? Number(match[1]) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0) : null;
}

/** SUV by body weight per Bq/ml (QIBA: decay from injection to series start), or null when not provable. */
export function suvFactorOf(dataset: JsonDataset): number | null {
  if (textOf(dataset, "00080060") !== "PT" || textOf(dataset, "00541001") !== "BQML") {
    return null;
  }
  const drug = itemsOf(dataset, "00540016")[0];
  const weightKg = numberOf(dataset, "00101030");
  const dose = numberOf(drug, "00181074");
  const halfLife = numberOf(drug, "00181075");
  const started = secondsOf(textOf(dataset, "00080031"));
  const injected = secondsOf(textOf(drug, "00181072") || textOf(drug, "00181078").slice(8, 14));
  const decay = textOf(dataset, "00541102");
  if (!weightKg || !dose || !halfLife || started === null || injected === null) {
    return null;
  }
  if (decay === "ADMIN") {
    return (weightKg * 1000) / dose;
  }
  if (decay !== "START" || started < injected) {
    return null;
  }
  return (weightKg * 1000) / (dose * 2 ** (-(started - injected) / halfLife));
}

function valueUnitOf(dataset: JsonDataset): string {
  const modality = textOf(dataset, "00080060");
  const rescaleType = textOf(dataset, "00281054");
  if (modality === "PT") {
    return textOf(dataset, "00541001");
  }
  if (rescaleType && rescaleType !== "US") {
    return rescaleType;
  }
  return modality === "CT" ? "HU" : "";
}

/** The facts of every frame of one instance; empty when it has no image. */
export function frameFactsOf(dataset: JsonDataset): FrameFacts[] {
  const rows = numberOf(dataset, "00280010");
  const columns = numberOf(dataset, "00280011");
  if (!rows || !columns) {
    return [];
  }
  const photometric = textOf(dataset, "00280004");
  const count = Math.max(1, numberOf(dataset, "00280008") ?? 1);
  const cine = numberOf(dataset, "00082144") ?? numberOf(dataset, "00180040");
  const frameTime = numberOf(dataset, "00181063");
  const framesPerSecond = cine ?? (frameTime && frameTime > 0 ? 1000 / frameTime : null);
  const suvFactor = suvFactorOf(dataset);
  return Array.from({ length: count }, (_, index) => {
    const frameNumber = index + 1;
    const transform = groupItem(dataset, frameNumber, "00289145") ?? dataset;
    return {
      sopInstanceUid: textOf(dataset, "00080018"),
      frameNumber,
      instanceNumber: numberOf(dataset, "00200013") ?? 0,
      rows,
      columns,
      modality: textOf(dataset, "00080060"),
      photometric,
      color: (numberOf(dataset, "00280002") ?? 1) > 1 || photometric === "PALETTE COLOR",
      plane: planeOf(dataset, frameNumber),
      spacing: spacingOf(dataset, frameNumber),
      windows: windowsOf(dataset, frameNumber),
      valueUnit: valueUnitOf(dataset),
      rescaleSlope: numberOf(transform, "00281053") ?? 1,
      rescaleIntercept: numberOf(transform, "00281052") ?? 0,
      suvFactor,
      framesPerSecond,
    };
  });
}

export const frameKey = (frame: { sopInstanceUid: string; frameNumber: number }): string =>
  `${frame.sopInstanceUid}/${frame.frameNumber}`;
