/** What was changed between two states of a finding, and how to do the same to a third. */
import { emptyContent, type MaskFrame, type RevisionContent, type StoredMask, saysTheSame } from "./content";

/** What a person can change; the kind stays, measures are the server's. */
const spokenFields = ["label_key", "present", "name", "text", "color", "locked", "geometry", "mask"] as const;

type SpokenField = (typeof spokenFields)[number];

/** A finding as it stands: what it says, and whether it is deleted. */
export interface Standing {
  content: RevisionContent;
  deleted: boolean;
}

const keyOf = (frame: MaskFrame) => `${frame.sop_instance_uid}#${frame.frame_number}`;

const framesOf = (mask: StoredMask | null): Map<string, MaskFrame> =>
  new Map(
    (mask?.frames ?? [])
      .filter((frame) => frame.runs.length > 0)
      .map((frame) => [keyOf(frame), frame] as const),
  );

const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b);

/** Masks of one grid are patched frame by frame; any other mask is a whole. */
function samePaper(a: StoredMask | null, b: StoredMask | null): boolean {
  return (
    a !== null &&
    b !== null &&
    a.series_instance_uid === b.series_instance_uid &&
    a.rows === b.rows &&
    a.columns === b.columns
  );
}

function fieldIsSame(field: SpokenField, a: RevisionContent, b: RevisionContent): boolean {
  if (field !== "geometry") {
    return same(a[field], b[field]);
  }
  const paper = emptyContent(a.kind, null);
  return saysTheSame({ ...paper, geometry: a.geometry }, { ...paper, geometry: b.geometry });
}

function changedFrames(from: StoredMask | null, to: StoredMask | null): string[] {
  const before = framesOf(from);
  const after = framesOf(to);
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => !same(before.get(key)?.runs, after.get(key)?.runs),
  );
}

function maskPatched(
  now: StoredMask | null,
  from: StoredMask | null,
  to: StoredMask | null,
): StoredMask | null {
  const paper = to ?? from;
  if (paper === null || (now !== null && !samePaper(now, paper)) || (from && to && !samePaper(from, to))) {
    return to;
  }
  const frames = framesOf(now);
  const wanted = framesOf(to);
  for (const key of changedFrames(from, to)) {
    const frame = wanted.get(key);
    if (frame) {
      frames.set(key, frame);
    } else {
      frames.delete(key);
    }
  }
  return { ...paper, frames: [...frames.values()] };
}

/** Do to `now` what was done between `from` and `to`, field by field and mask frame by mask frame. */
export function patched(now: Standing, from: Standing, to: Standing): Standing {
  const content = { ...now.content };
  for (const field of spokenFields) {
    if (field === "mask") {
      if (changedFrames(from.content.mask, to.content.mask).length > 0) {
        content.mask = maskPatched(now.content.mask, from.content.mask, to.content.mask);
      }
    } else if (!fieldIsSame(field, from.content, to.content)) {
      Object.assign(content, { [field]: to.content[field] });
    }
  }
  return { content, deleted: from.deleted === to.deleted ? now.deleted : to.deleted };
}

/** Whether what was changed between `from` and `to` reads otherwise in `now` than it did in `from`. */
export function overtaken(now: Standing, from: Standing, to: Standing): boolean {
  if (from.deleted !== to.deleted) {
    // Deleting takes everything along: also words that somebody added since.
    return now.deleted !== from.deleted || (to.deleted && !saysTheSame(now.content, from.content));
  }
  return spokenFields.some((field) => {
    if (field !== "mask") {
      return !fieldIsSame(field, from.content, to.content) && !fieldIsSame(field, from.content, now.content);
    }
    const here = framesOf(now.content.mask);
    const before = framesOf(from.content.mask);
    return changedFrames(from.content.mask, to.content.mask).some(
      (key) => !same(here.get(key)?.runs, before.get(key)?.runs),
    );
  });
}

/** Whether two states hold the same drawn thing, so that the measures of one are those of the other. */
export function drawnAlike(a: RevisionContent, b: RevisionContent): boolean {
  return fieldIsSame("geometry", a, b) && changedFrames(a.mask, b.mask).length === 0;
}
