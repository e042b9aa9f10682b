/** Which findings lie on a frame, and how they look there. */
import { geometryOnFrame } from "../geometry/bridge";
import type { DrawnKind, MaskFrame, Measure, RevisionContent, StoredGeometry } from "../geometry/content";
import { frameKey } from "../geometry/frame-facts";
import { type Statistics, sizeOf, statisticsInside, written, writtenMeasure } from "../geometry/measure";
import type { ImagePoint } from "../geometry/points";
import { type FindingRow, findingRow, useFindings } from "../state/reading-findings";
import { reading, shownKeys } from "../state/reading-session";
import { readingUi } from "../state/reading-ui";
import { pixelReader, shownUnit } from "./pixel-values";
import type { StackFrame } from "./series-stack";

export interface DrawnFinding {
  row: FindingRow;
  kind: DrawnKind;
  points: ImagePoint[];
  color: string;
}

export interface PaintedFinding {
  row: FindingRow;
  frame: MaskFrame;
  rows: number;
  columns: number;
  color: string;
}

export const fallbackColor = "#9fb0c3";

export function labelMeaning(key: string | null): string {
  return reading().workitem?.labels.find((label) => label.key === key)?.code_meaning ?? key ?? "Unlabelled";
}

export function colorOf(content: RevisionContent): string {
  return (
    content.color ??
    reading().workitem?.labels.find((label) => label.key === content.label_key)?.color ??
    fallbackColor
  );
}

/** The label a new drawing of this kind gets: the chosen one if it is meant for the kind; a mask needs one. */
export function labelForKind(kind: DrawnKind | "mask"): string | null {
  const use = kind === "mask" ? "segment" : "region";
  const fitting =
    reading().workitem?.labels.filter((label) => !label.retired_at && label.uses.includes(use)) ?? [];
  const chosen = fitting.find((label) => label.key === readingUi().labelKey);
  return chosen?.key ?? (kind === "mask" ? (fitting[0]?.key ?? null) : null);
}

const placed = new WeakMap<StoredGeometry, Map<string, ImagePoint[] | null>>();

/** Pixel coordinates of a stored geometry on a frame, computed once. */
export function placedOn(geometry: StoredGeometry, frame: StackFrame): ImagePoint[] | null {
  const known = placed.get(geometry) ?? new Map<string, ImagePoint[] | null>();
  placed.set(geometry, known);
  const key = frame.imageId;
  let points = known.get(key);
  if (points === undefined) {
    points = geometryOnFrame(geometry, frame);
    known.set(key, points);
  }
  return points;
}

/** Keys of the rows to draw: not hidden, and not under a copy that is being corrected. */
export function visibleRows(): FindingRow[] {
  const { hidden, allHidden, modelHidden, correcting } = readingUi();
  if (allHidden) {
    return [];
  }
  const covered = findingRow(correcting)?.correctionOf;
  return shownKeys().flatMap((key) => {
    const row = useFindings.getState().rows[key];
    const skip = !row || hidden.has(key) || key === covered || (modelHidden && row.byModel);
    return skip ? [] : [row];
  });
}

export function drawnOn(frame: StackFrame): DrawnFinding[] {
  return visibleRows().flatMap((row) => {
    const { kind, geometry } = row.content;
    if (kind === "image_label" || kind === "mask" || !geometry) {
      return [];
    }
    const points = placedOn(geometry, frame);
    return points ? [{ row, kind, points, color: colorOf(row.content) }] : [];
  });
}

export function paintedOn(frame: StackFrame): PaintedFinding[] {
  const key = frameKey(frame);
  return visibleRows().flatMap((row) => {
    const { mask } = row.content;
    if (!mask || mask.rows !== frame.rows || mask.columns !== frame.columns) {
      return [];
    }
    const here = mask.frames.find((one) => `${one.sop_instance_uid}/${one.frame_number}` === key);
    return here
      ? [{ row, frame: here, rows: mask.rows, columns: mask.columns, color: colorOf(row.content) }]
      : [];
  });
}

export interface Reading {
  size: Measure | null;
  inside: Statistics | null;
  unit: string;
}

const measured = new WeakMap<StoredGeometry, Map<string, Reading>>();
const tooManyPixels = 4_000_000;

/** Size and pixel statistics of a drawn finding on a frame; statistics once the pixels are loaded. */
export function readingOf(found: DrawnFinding, frame: StackFrame): Reading {
  const { geometry } = found.row.content;
  const known = geometry
    ? (measured.get(geometry) ?? new Map<string, Reading>())
    : new Map<string, Reading>();
  const before = known.get(frame.imageId);
  if (before) {
    return before;
  }
  const size = sizeOf(found.kind, found.points, frame);
  const reader = pixelReader(frame);
  const closed = found.kind !== "length" && found.kind !== "point";
  const inside =
    reader && closed && !frame.color && frame.rows * frame.columns <= tooManyPixels * 4
      ? statisticsInside(found.kind, found.points, frame, reader.valueAt)
      : null;
  const result: Reading = { size, inside, unit: shownUnit(frame).unit };
  if (geometry && reader) {
    known.set(frame.imageId, result);
    measured.set(geometry, known);
  }
  return result;
}

/** The lines written beside a drawn finding; the statistics only where it is looked at. */
export function captionOf(found: DrawnFinding, frame: StackFrame, whole: boolean): string[] {
  const { content, byModel, probability } = found.row;
  const title = content.name || (content.label_key ? labelMeaning(content.label_key) : "");
  const chance = byModel && probability !== null ? ` ${Math.round(probability * 100)} %` : "";
  const { size, inside, unit } = readingOf(found, frame);
  const lines = [
    `${byModel ? "AI " : ""}${title}${chance}`.trim(),
    content.text,
    size ? writtenMeasure(size) : "",
  ];
  if (whole && inside) {
    const suffix = unit ? ` ${unit}` : "";
    lines.push(`mean ${inside.mean.toFixed(1)}${suffix}  SD ${inside.deviation.toFixed(1)}`);
    lines.push(`min ${written(inside.min)}  max ${written(inside.max)}`);
  }
  return lines.filter((line) => line !== "");
}
