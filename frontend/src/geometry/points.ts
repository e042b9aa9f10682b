declare const space: unique symbol;

/** [column, row] in pixels of one frame; (0, 0) is the centre of the top-left pixel. */
export type ImagePoint = readonly [number, number] & { readonly [space]: "image" };
/** [x, y] in CSS pixels from the top-left corner of a viewport. */
export type CanvasPoint = readonly [number, number] & { readonly [space]: "canvas" };
/** [x, y, z] in millimetres, patient LPS (DICOM PS3.3 C.7.6.2). */
export type PatientPoint = readonly [number, number, number] & { readonly [space]: "patient" };

export const imagePoint = (column: number, row: number): ImagePoint => [column, row] as unknown as ImagePoint;
export const canvasPoint = (x: number, y: number): CanvasPoint => [x, y] as unknown as CanvasPoint;
export const patientPoint = (x: number, y: number, z: number): PatientPoint =>
  [x, y, z] as unknown as PatientPoint;

type Plane = readonly [number, number];

export function distance(a: Plane, b: Plane): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Distance from `p` to the segment from `a` to `b`. */
export function distanceToSegment(p: Plane, a: Plane, b: Plane): number {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2));
  return Math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy);
}
