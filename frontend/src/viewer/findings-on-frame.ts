/** Which findings lie on a frame, and how they look there. */
import { geometryOnFrame } from "../geometry/bridge";
import type { DrawnKind, MaskFrame, Measure, RevisionContent, StoredGeometry } from "../geometry/content";
import { type FrameFacts, frameKey } from "../geometry/frame-facts";
import { FrameScale, figures, type Statistics, statisticsOf, writtenMeasure } from "../geometry/measure";
import type { ImagePoint } from "../geometry/points";
import { chanceOf } from "../state/reading-chance";
import { findingRow, useFindings } from "../state/reading-findings";
import { type FindingRow, shownMeasures } from "../state/reading-rows";
import { reading, shownKeys } from "../state/reading-session";
import { readingUi } from "../state/reading-ui";
import { pixelReader, shownUnit } from "./pixel-values";
import type { StackFrame } from "./series-stack";
import { isDrawn, shapeOf } from "./shape-kinds";

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

/** Of what is drawn without a label: no label's colour, and no grey that would be missed on an image. */
export const unlabelledColor = "#5ad1e6";

export function labelMeaning(key: string | null): string {
  return reading().workitem?.labels.find((label) => label.key === key)?.code_meaning ?? key ?? "Unlabelled";
}

export function colorOf(content: RevisionContent): string {
  return (
    content.color ??
    reading().workitem?.labels.find((label) => label.key === content.label_key)?.color ??
    unlabelledColor
  );
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
    const points = geometry && geometry.points.length > 0 ? placedOn(geometry, frame) : null;
    return points && isDrawn(kind) ? [{ row, kind, points, color: colorOf(row.content) }] : [];
  });
}

export function paintedOn(frame: FrameFacts): PaintedFinding[] {
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
  size: string;
  inside: Statistics | null;
  unit: string;
}

/** A measure with the source of its unit, where that is not plain. */
function withSource(measure: Measure, words: string, frame: StackFrame): string {
  const plain = words === "" || (frame.plane !== null && measure.source.startsWith("pixel_spacing"));
  const text = writtenMeasure({ ...measure, unit: measure.unit.replace("2", "²") });
  return plain ? text : `${text} (${words})`;
}

/** What the server measured of a finding that is still as it was stored: the number of the panel. */
function storedSize({ row, kind }: DrawnFinding, frame: StackFrame): string | null {
  const found = Object.entries(shownMeasures(row)).find(([name]) =>
    name.startsWith(`${shapeOf(kind).main}_`),
  );
  return found ? withSource(found[1], found[1].words ?? "", frame) : null;
}

/** The measure that is written beside a shape while the server has not measured it. */
export function writtenSize(kind: DrawnKind, points: readonly ImagePoint[], frame: StackFrame): string {
  const shape = shapeOf(kind);
  const scale = new FrameScale(frame, points);
  const found = Object.entries(shape.measures(points, scale)).find(([name]) =>
    name.startsWith(`${shape.main}_`),
  );
  if (!found) {
    return "";
  }
  return withSource(found[1], scale.words, frame);
}

const measured = new WeakMap<StoredGeometry, Map<string, Reading>>();
const tooManyPixels = 16_000_000;

/** Size and pixel statistics of a drawn finding on a frame; statistics once the pixels are loaded. */
export function readingOf(found: DrawnFinding, frame: StackFrame): Reading {
  const { geometry } = found.row.content;
  const known = geometry
    ? (measured.get(geometry) ?? new Map<string, Reading>())
    : new Map<string, Reading>();
  // What a length is depends on who calibrated the image, too.
  const key = `${frame.imageId} ${frame.spacing.source} ${frame.spacing.mm}`;
  const before = known.get(key);
  if (before) {
    return before;
  }
  const reader = pixelReader(frame);
  const shape = shapeOf(found.kind);
  const { rows, columns } = frame;
  const inside =
    reader && shape.area && !frame.color && rows * columns <= tooManyPixels
      ? statisticsOf((visit) => shape.eachPixel(found.points, rows, columns, visit), reader.valueAt)
      : null;
  const result: Reading = {
    size: writtenSize(found.kind, found.points, frame),
    inside,
    unit: shownUnit(frame).unit,
  };
  if (geometry && reader) {
    known.set(key, result);
    measured.set(geometry, known);
  }
  return result;
}

/** The lines written beside a drawn finding; the statistics only where it is looked at. */
export function captionOf(found: DrawnFinding, frame: StackFrame, whole: boolean): string[] {
  const { content, byModel, probability } = found.row;
  const title = content.name || (content.label_key ? labelMeaning(content.label_key) : "");
  const chance = byModel && probability !== null ? ` ${chanceOf(found.row, probability).text}` : "";
  const { size: sketched, inside, unit } = readingOf(found, frame);
  const size = storedSize(found, frame) ?? sketched;
  const lines = [`${byModel ? "AI " : ""}${title}${chance}`.trim(), content.text, size];
  if (whole && inside) {
    const suffix = unit ? ` ${unit}` : "";
    lines.push(`mean ${figures(inside.mean)}${suffix}  SD ${figures(inside.deviation)}`);
    lines.push(`min ${figures(inside.min)}  max ${figures(inside.max)}  n ${inside.count}`);
  }
  return lines.filter((line) => line !== "");
}
