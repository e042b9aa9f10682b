/** Frames measured by what somebody in this case said of them, instead of by their headers. */
import type { Spacing } from "../geometry/spacing";
import { calibratedSpacing } from "../state/reading-calibrations";
import type { StackFrame } from "./series-stack";

const byHeader = new WeakMap<StackFrame, Spacing>();

/** Give each frame the spacing that counts in this case now. Stacks outlive cases, so what a header says is kept. */
export function spaceFrames(frames: readonly StackFrame[]): void {
  for (const frame of frames) {
    const header = byHeader.get(frame) ?? frame.spacing;
    byHeader.set(frame, header);
    frame.spacing = (frame.plane ? null : calibratedSpacing(frame.sopInstanceUid)) ?? header;
  }
}
