import { type CanvasPoint, canvasPoint, type ImagePoint, imagePoint } from "./points";

/** x' = a·x + c·y + e, y' = b·x + d·y + f: the order of CanvasRenderingContext2D.setTransform. */
export interface Affine {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
}

export const identity: Affine = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };

export function toCanvas(m: Affine, p: ImagePoint): CanvasPoint {
  return canvasPoint(m.a * p[0] + m.c * p[1] + m.e, m.b * p[0] + m.d * p[1] + m.f);
}

export function toImage(m: Affine, p: CanvasPoint): ImagePoint {
  const det = m.a * m.d - m.b * m.c;
  const x = p[0] - m.e;
  const y = p[1] - m.f;
  return imagePoint((m.d * x - m.c * y) / det, (m.a * y - m.b * x) / det);
}

/** Canvas pixels per image pixel (geometric mean over both axes). */
export function scaleOf(m: Affine): number {
  return Math.sqrt(Math.abs(m.a * m.d - m.b * m.c));
}

/** The same map with its pixel (0, 0) at the corner instead of the centre of the first pixel. */
export function cornerBased(m: Affine): Affine {
  return { ...m, e: m.e - (m.a + m.c) / 2, f: m.f - (m.b + m.d) / 2 };
}

export function sameAffine(m: Affine, n: Affine): boolean {
  return m.a === n.a && m.b === n.b && m.c === n.c && m.d === n.d && m.e === n.e && m.f === n.f;
}
