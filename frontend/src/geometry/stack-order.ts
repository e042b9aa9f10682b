import type { FrameFacts } from "./frame-facts";
import { dot, normalOf } from "./plane";

/** Frames in reading order: along the common normal when all share one orientation, else by number. */
export function stackOrder<Frame extends FrameFacts>(frames: readonly Frame[]): Frame[] {
  const byNumber = (a: Frame, b: Frame) =>
    a.instanceNumber - b.instanceNumber ||
    a.sopInstanceUid.localeCompare(b.sopInstanceUid, "en", { numeric: true }) ||
    a.frameNumber - b.frameNumber;
  const ordered = [...frames].sort(byNumber);
  const first = ordered[0]?.plane;
  if (!first) {
    return ordered;
  }
  const normal = normalOf(first);
  const along: { frame: Frame; at: number }[] = [];
  for (const frame of ordered) {
    if (!frame.plane || dot(normalOf(frame.plane), normal) < 0.999) {
      return ordered;
    }
    along.push({ frame, at: dot(frame.plane.position, normal) });
  }
  const positions = new Set(along.map((entry) => entry.at.toFixed(3)));
  // Several frames at one place (time series, echoes): numbers tell the order better than space.
  if (positions.size < along.length) {
    return ordered;
  }
  const sorted = [...along].sort((a, b) => a.at - b.at).map((entry) => entry.frame);
  const rising = (ordered[0]?.instanceNumber ?? 0) <= (ordered[ordered.length - 1]?.instanceNumber ?? 0);
  const firstAt = along[0]?.at ?? 0;
  const lastAt = along[along.length - 1]?.at ?? 0;
  // Keep the direction in which the scanner numbered the images.
  return rising && lastAt < firstAt ? sorted.reverse() : sorted;
}
