/** Lengths that people know: by which images of this case are measured. The server says which, and what it makes of them. */
import { create } from "zustand";
import { get, post, remove } from "../api/client";
import type { Narrowed, Schemas } from "../api/types";
import type { Spacing } from "../geometry/spacing";
import { reading, session, useReading } from "./reading-session";
import type { WorkitemOut } from "./reading-types";

type Pair = [number, number];
export type Calibration = Narrowed<
  Schemas["CalibrationOut"],
  { spacing: { mm: Pair; source: string; words: string; aspect: Pair } }
>;

export const useCalibrations = create<{ rows: readonly Calibration[] }>(() => ({ rows: [] }));

/** The calibration that an image is measured by, if any. */
export const calibrationOf = (sopInstanceUid: string): Calibration | undefined =>
  useCalibrations.getState().rows.find((row) => row.sop_instance_uids.includes(sopInstanceUid));

/** The spacing of an image in this case, where somebody calibrated it. */
export function calibratedSpacing(sopInstanceUid: string): Spacing | null {
  const row = calibrationOf(sopInstanceUid);
  return row ? { ...row.spacing, regions: [] } : null;
}

export async function loadCalibrations(): Promise<void> {
  const { workitemId } = reading();
  const rows = workitemId ? await get<Calibration[]>(`workitems/${workitemId}/calibrations`) : [];
  if (reading().workitemId === workitemId) {
    useCalibrations.setState({ rows });
  }
}

/** Say how long a drawn line is; what this person measured before is measured again. */
export async function calibrate(line: {
  sop_instance_uid: string;
  frame_number: number;
  points: number[][];
  length_mm: number;
  whole_series: boolean;
}): Promise<void> {
  const { workitemId } = reading();
  if (workitemId) {
    await session.ensureClaimed();
    await session.flush();
    await post<Calibration>(`workitems/${workitemId}/calibrations`, line);
    await Promise.all([loadCalibrations(), session.refresh()]);
  }
}

export async function withdrawCalibration(id: string): Promise<void> {
  const { workitemId } = reading();
  if (workitemId) {
    await session.flush();
    await remove(`workitems/${workitemId}/calibrations/${id}`);
    await Promise.all([loadCalibrations(), session.refresh()]);
  }
}

let seen: WorkitemOut | null = null;

// Whatever made the page fetch its case again may have calibrated it; a case that is left takes its own along.
useReading.subscribe(({ workitem }) => {
  if (workitem !== seen) {
    const other = workitem?.id !== seen?.id;
    seen = workitem;
    if (other) {
      useCalibrations.setState({ rows: [] });
    }
    if (workitem) {
      loadCalibrations().catch(() => undefined);
    }
  }
});
