/** Readers of JSON whose shape is the server's business: they never throw, they say what is missing. */
export type Json = Record<string, unknown>;

export function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function num(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function str(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The first of several names that holds a number. */
export function firstNum(row: Json, ...names: string[]): number | null {
  for (const name of names) {
    const found = num(row[name]);
    if (found !== null) {
      return found;
    }
  }
  return null;
}
