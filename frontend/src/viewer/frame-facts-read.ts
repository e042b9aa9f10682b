/** The server's facts of a frame, in the words of this program. Names change here, meanings do not. */
import { get } from "../api/client";
import type { Schemas } from "../api/types";
import type { FrameFacts } from "../geometry/frame-facts";
import type { FramePlane } from "../geometry/plane";

export type ServedFacts = Schemas["FrameFacts"];

function planeOf(space: ServedFacts["space"]): FramePlane | null {
  const { position, orientation, frame_of_reference_uid: frameOfReferenceUid } = space;
  const spacing = space.spacing.mm;
  if (!position || !orientation || !spacing || !frameOfReferenceUid) {
    return null;
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = orientation;
  return {
    frameOfReferenceUid,
    position,
    rowCosine: [a, b, c],
    columnCosine: [d, e, f],
    rowSpacing: spacing[0],
    columnSpacing: spacing[1],
  };
}

export function frameFactsOf(served: ServedFacts): FrameFacts {
  const { space } = served;
  return {
    sopInstanceUid: served.sop_instance_uid,
    frameNumber: served.frame_number,
    instanceNumber: served.instance_number ?? 0,
    rows: served.rows,
    columns: served.columns,
    modality: served.modality,
    color: served.color,
    delivery: served.delivery,
    plane: planeOf(space),
    spacing: space.spacing,
    edges: space.edges,
    laterality: space.laterality,
    voi: served.voi,
    inverted: served.inverted,
    valueUnit: served.unit.word,
    slope: served.values.slope,
    intercept: served.values.intercept,
    suv: served.unit.suv,
    quantities: served.quantities,
    padding: served.padding,
    overlays: served.overlays,
    ownColors: served.own_colors,
    undrawn: served.undrawn.map((one) => one.words),
    framesPerSecond: served.frame_time_ms ? 1000 / served.frame_time_ms : null,
  };
}

export async function fetchFrameFacts(
  studyUid: string,
  seriesUid: string,
): Promise<Schemas["SeriesFramesOut"]> {
  return await get<Schemas["SeriesFramesOut"]>(`studies/${studyUid}/series/${seriesUid}/frames`);
}
