/** One data element of the DICOM JSON model (PS3.18 Annex F). */
export interface JsonElement {
  vr: string;
  Value?: unknown[];
  InlineBinary?: string;
  BulkDataURI?: string;
}
export type JsonDataset = Record<string, JsonElement | undefined>;

export function textOf(dataset: JsonDataset | undefined, tag: string): string {
  const value = dataset?.[tag]?.Value?.[0];
  if (typeof value === "string") {
    return value;
  }
  if (typeof value === "number") {
    return String(value);
  }
  if (typeof value === "object" && value !== null && "Alphabetic" in value) {
    return String((value as { Alphabetic: unknown }).Alphabetic ?? "");
  }
  return "";
}

export function numbersOf(dataset: JsonDataset | undefined, tag: string): number[] {
  const values = dataset?.[tag]?.Value ?? [];
  return values.map((value) => Number(value)).filter((value) => Number.isFinite(value));
}

export function numberOf(dataset: JsonDataset | undefined, tag: string): number | null {
  return numbersOf(dataset, tag)[0] ?? null;
}

/** The items of a sequence element. */
export function itemsOf(dataset: JsonDataset | undefined, tag: string): JsonDataset[] {
  return (dataset?.[tag]?.Value ?? []).filter(
    (value): value is JsonDataset => typeof value === "object" && value !== null,
  );
}
