/**
 * "DOE^JANE^M" as a reader expects it: "DOE, JANE M". One component group is shown: the alphabetic one, else the
 * first that is there. Empty names are said to be empty.
 */
export function formatPatientName(name: string): string {
  const group = name.split("=").find((one) => one.replace(/[\s^]/g, "")) ?? "";
  const [family = "", ...given] = group.split("^").map((part) => part.trim());
  const rest = given.filter(Boolean).join(" ");
  return [family, rest].filter(Boolean).join(", ") || "No name";
}

/** A stored date (2026-01-31 or DICOM's 20260131) as 2026-01-31 (ISO 8601); empty when there is none. */
export function formatDay(date: string | null): string {
  const match = /^(\d{4})-?(\d{2})-?(\d{2})(?!\d)/.exec(date ?? "");
  return match ? match.slice(1).join("-") : "";
}

/** DICOM age strings: "054Y" → "54 y", "006M" → "6 mo". */
export function formatAge(age: string): string {
  const match = /^(\d{1,3})([DWMY])$/.exec(age);
  if (!match) {
    return age;
  }
  const unit = { D: "d", W: "wk", M: "mo", Y: "y" }[match[2] as "D" | "W" | "M" | "Y"];
  return `${Number(match[1])} ${unit}`;
}

export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
}

/** Seconds as a person says them: "45 s", "3 min 20 s", "2 h 5 min". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    const rest = whole % 60;
    return rest ? `${Math.floor(whole / 60)} min ${rest} s` : `${whole / 60} min`;
  }
  const minutes = Math.round((whole % 3600) / 60);
  return minutes ? `${Math.floor(whole / 3600)} h ${minutes} min` : `${Math.floor(whole / 3600)} h`;
}

const twoDigits = (number: number) => String(number).padStart(2, "0");

/** An instant in the reader's own time zone, to the minute, as ISO 8601 writes it but for the T: 2026-01-31 14:05. */
export function formatInstant(iso: string | null | undefined): string {
  if (!iso) {
    return "–";
  }
  const instant = new Date(iso);
  if (Number.isNaN(instant.getTime())) {
    return iso;
  }
  const day = [instant.getFullYear(), instant.getMonth() + 1, instant.getDate()].map(twoDigits).join("-");
  return `${day} ${twoDigits(instant.getHours())}:${twoDigits(instant.getMinutes())}`;
}

/** How long ago an instant was, roughly: "just now", "5 min ago", "3 d ago". */
export function formatAgo(iso: string | null | undefined, now: number = Date.now()): string {
  if (!iso) {
    return "–";
  }
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds < 60) {
    return "just now";
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min ago`;
  }
  if (seconds < 86_400) {
    return `${Math.floor(seconds / 3600)} h ago`;
  }
  return seconds < 86_400 * 30 ? `${Math.floor(seconds / 86_400)} d ago` : formatInstant(iso);
}

/** A share in percent, with `digits` decimals; a missing one is a dash. */
export function formatPercent(share: number | null | undefined, digits = 0): string {
  return typeof share === "number" && Number.isFinite(share) ? `${(share * 100).toFixed(digits)} %` : "–";
}

/** A figure with `digits` decimals; a missing one is a dash. */
export function formatFigure(value: number | null | undefined, digits = 3): string {
  // What rounds to nothing has no sign: "-0.0" beside "0.0" looks like two values.
  return typeof value === "number" && Number.isFinite(value)
    ? value.toFixed(digits).replace(/^-(0(?:\.0+)?)$/, "$1")
    : "–";
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-GB");
}

/** How many there are, in words that fit: 1 case, 1,200 cases. */
export const formatMany = (count: number, one: string, many: string): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** 1 → "1st", 12 → "12th", 23 → "23rd". */
export function formatOrdinal(number: number): string {
  const teen = number % 100 >= 11 && number % 100 <= 13;
  return `${number}${teen ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th")}`;
}

/** "left_lower-lobe" → "Left lower lobe". */
export function formatWords(key: string): string {
  const words = key
    .replaceAll(/[_-]+/g, " ")
    .replaceAll(/\b(auc|ai|roc|ece)\b/g, (word) => word.toUpperCase())
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The first characters of a digest, enough to tell two apart by eye. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}

/** A slug made of a title: lower case, dashes, at most 60 characters. */
export function slugOf(title: string): string {
  return title
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);
}
