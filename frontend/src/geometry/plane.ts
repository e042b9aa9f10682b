import { type ImagePoint, imagePoint, type PatientPoint, patientPoint } from "./points";

export type Vector = readonly [number, number, number];

/** Where a frame lies in the patient (PS3.3 C.7.6.2.1.1). */
export interface FramePlane {
  frameOfReferenceUid: string;
  /** Centre of the first pixel, mm LPS. */
  position: Vector;
  /** Unit direction of growing column index. */
  rowCosine: Vector;
  /** Unit direction of growing row index. */
  columnCosine: Vector;
  /** mm between rows, and between columns. */
  rowSpacing: number;
  columnSpacing: number;
}

export const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export function imageToPatient(plane: FramePlane, point: ImagePoint): PatientPoint {
  const u = point[0] * plane.columnSpacing;
  const v = point[1] * plane.rowSpacing;
  const { position: p, rowCosine: r, columnCosine: c } = plane;
  return patientPoint(p[0] + u * r[0] + v * c[0], p[1] + u * r[1] + v * c[1], p[2] + u * r[2] + v * c[2]);
}

/** The foot of `point` on the plane, in pixels. */
export function patientToImage(plane: FramePlane, point: PatientPoint): ImagePoint {
  const d: Vector = [
    point[0] - plane.position[0],
    point[1] - plane.position[1],
    point[2] - plane.position[2],
  ];
  return imagePoint(
    dot(d, plane.rowCosine) / plane.columnSpacing,
    dot(d, plane.columnCosine) / plane.rowSpacing,
  );
}

export const normalOf = (plane: FramePlane): Vector => cross(plane.rowCosine, plane.columnCosine);

/** How far `point` lies off the plane, mm. */
export function distanceOffPlane(plane: FramePlane, point: PatientPoint): number {
  return Math.abs(
    dot(
      [point[0] - plane.position[0], point[1] - plane.position[1], point[2] - plane.position[2]],
      normalOf(plane),
    ),
  );
}
