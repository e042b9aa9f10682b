import type { StoredGeometry } from "./content";
import type { FrameFacts } from "./frame-facts";
import { distanceOffPlane, imageToPatient, patientToImage } from "./plane";
import { type ImagePoint, imagePoint, patientPoint } from "./points";

const round = (value: number, step: number) => Math.round(value / step) * step;
const tidy = (value: number) => Number(round(value, 1e-4).toFixed(4));

/** Pixels of one frame → what is stored: patient millimetres where the frame has a place in the patient. */
export function geometryFromImage(frame: FrameFacts, points: readonly ImagePoint[]): StoredGeometry {
  const common = { sop_instance_uid: frame.sopInstanceUid, frame_number: frame.frameNumber };
  const { plane } = frame;
  if (plane) {
    return {
      space: "patient",
      frame_of_reference_uid: plane.frameOfReferenceUid,
      ...common,
      points: points.map((point) => imageToPatient(plane, point).map(tidy)),
    };
  }
  return {
    space: "image",
    frame_of_reference_uid: null,
    ...common,
    points: points.map((point) => [tidy(point[0]), tidy(point[1])]),
  };
}

/** What is stored → pixels of `frame`, or null when it does not lie on this frame. */
export function geometryOnFrame(geometry: StoredGeometry, frame: FrameFacts): ImagePoint[] | null {
  const sameFrame =
    geometry.sop_instance_uid === frame.sopInstanceUid && geometry.frame_number === frame.frameNumber;
  if (geometry.space === "image") {
    return sameFrame ? geometry.points.map((point) => imagePoint(point[0] ?? 0, point[1] ?? 0)) : null;
  }
  const { plane } = frame;
  if (!plane || plane.frameOfReferenceUid !== geometry.frame_of_reference_uid) {
    return null;
  }
  const points = geometry.points.map((point) => patientPoint(point[0] ?? 0, point[1] ?? 0, point[2] ?? 0));
  // Another series of the same patient space shows it too when the plane really passes through it.
  const tolerance = 0.05;
  if (!sameFrame && points.some((point) => distanceOffPlane(plane, point) > tolerance)) {
    return null;
  }
  return points.map((point) => patientToImage(plane, point));
}
