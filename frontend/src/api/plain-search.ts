/** Addresses carry plain `name=value` pairs (no JSON), so that a person can read and type them. */
export function parsePlainSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifyPlainSearch(search: Record<string, unknown>): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== "") {
      pairs.set(name, String(value));
    }
  }
  const tail = pairs.toString();
  return tail ? `?${tail}` : "";
}
