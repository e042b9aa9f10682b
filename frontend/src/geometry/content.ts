/** What a revision says, as the server stores it (see annotations.services.revisions). */

/** What each kind of finding holds; every file in viewer/kinds adds its own line. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by the kinds, one file each
export interface KindHolds {}

export type FindingKind = keyof KindHolds;

/** The kinds that are drawn with points. */
export type DrawnKind = {
  [Kind in FindingKind]: KindHolds[Kind] extends "points" ? Kind : never;
}[FindingKind];

export interface StoredGeometry {
  space: "patient" | "image";
  frame_of_reference_uid: string | null;
  sop_instance_uid: string;
  frame_number: number;
  /** [x, y, z] mm LPS in patient space, [column, row] pixels in image space. */
  points: number[][];
}

export interface MaskFrame {
  sop_instance_uid: string;
  frame_number: number;
  /** start, length, start, length … over row-major pixels. */
  runs: number[];
}

export interface StoredMask {
  series_instance_uid: string;
  rows: number;
  columns: number;
  frames: MaskFrame[];
}

export interface Measure {
  value: number;
  unit: string;
  /** What proves the unit: the DICOM attribute, "none" for plain pixels. */
  source: string;
  /** The source as a reader is told it. */
  words?: string;
}

export interface RevisionContent {
  kind: FindingKind;
  label_key: string | null;
  name: string;
  text: string;
  present: boolean | null;
  color: string | null;
  locked: boolean;
  geometry: StoredGeometry | null;
  mask: StoredMask | null;
  measures: Record<string, Measure>;
}

export function emptyContent(kind: FindingKind, labelKey: string | null): RevisionContent {
  return {
    kind,
    label_key: labelKey,
    name: "",
    text: "",
    present: null,
    color: null,
    locked: false,
    geometry: null,
    mask: null,
    measures: {},
  };
}

/** The parts a person decides; measures are computed by the server and do not count as a change. */
export function saysTheSame(a: RevisionContent, b: RevisionContent): boolean {
  return a === b || JSON.stringify(spoken(a)) === JSON.stringify(spoken(b));
}

function spoken(content: RevisionContent): unknown[] {
  const { kind, label_key, name, text, present, color, locked, geometry, mask } = content;
  return [
    kind,
    label_key,
    name,
    text,
    present,
    color,
    locked,
    geometry && [
      geometry.space,
      geometry.frame_of_reference_uid,
      geometry.sop_instance_uid,
      geometry.frame_number,
      geometry.points.map((point) => point.map((value) => Math.round(value * 1e4) / 1e4)),
    ],
    mask && [
      mask.series_instance_uid,
      mask.rows,
      mask.columns,
      mask.frames
        .filter((frame) => frame.runs.length > 0)
        .map((frame) => [frame.sop_instance_uid, frame.frame_number, frame.runs]),
    ],
  ];
}
