/** What a stack viewport's camera does, made the same for both renderers. */
import type { Types } from "@cornerstonejs/core";
import { type Affine, affineFromCorners } from "../geometry/affine";
import { type CanvasPoint, canvasPoint } from "../geometry/points";
import type { StackFrame } from "./series-stack";

export type Backend = "webgl" | "cpu";

/** Where the pixel centres of the frame lie in the viewport, CSS pixels. */
export function imageAffine(
  viewport: Types.IStackViewport,
  frame: StackFrame,
  backend: Backend,
): Affine | null {
  const data = viewport.getImageData();
  if (!data) {
    return null;
  }
  const { origin, spacing, direction } = data;
  const at = (column: number, row: number): CanvasPoint => {
    const u = column * spacing[0];
    const v = row * spacing[1];
    const world: Types.Point3 = [
      origin[0] + u * direction[0] + v * direction[3],
      origin[1] + u * direction[1] + v * direction[4],
      origin[2] + u * direction[2] + v * direction[5],
    ];
    const [x, y] = viewport.worldToCanvas(world);
    return canvasPoint(x, y);
  };
  const m = affineFromCorners(at(0, 0), at(frame.columns, 0), at(0, frame.rows), frame.columns, frame.rows);
  // The processor's pixel (0, 0) is the corner of the first pixel, WebGL's its centre.
  return backend === "cpu" ? { ...m, e: m.e + (m.a + m.c) / 2, f: m.f + (m.b + m.d) / 2 } : m;
}

/** Move the picture by CSS pixels. */
export function pan(
  viewport: Types.IStackViewport,
  backend: Backend,
  size: { width: number; height: number },
  x: number,
  y: number,
): void {
  if (backend === "cpu") {
    // Its own pan mixes pixels and millimetres; moving the focal point is exact.
    viewport.setCamera({ focalPoint: viewport.canvasToWorld([size.width / 2 - x, size.height / 2 - y]) });
  } else {
    const [panX, panY] = viewport.getPan();
    viewport.setPan([panX + x, panY + y]);
  }
}

/**
 * Turn the picture on the screen by a quarter, clockwise for 1, whatever is flipped.
 *
 * Returns the rotation that Cornerstone has now, in degrees.
 */
export function quarterTurn(
  viewport: Types.IStackViewport,
  affine: () => Affine | null,
  rotation: number,
  quarter: 1 | -1,
): number {
  const before = affine();
  const turnedTo = (degrees: number) => {
    viewport.setViewPresentation({ rotation: degrees });
    return affine();
  };
  const wanted = (rotation + quarter * 90 + 360) % 360;
  const after = turnedTo(wanted);
  // A clockwise quarter takes the column axis (a, b) to (-b, a); a flip can reverse what Cornerstone does.
  if (before && after && (after.a * -before.b + after.b * before.a) * quarter < 0) {
    const other = (wanted + 180) % 360;
    turnedTo(other);
    return other;
  }
  return wanted;
}

/** The flips that mirror the picture on the screen along `axis`. */
export function flippedOnScreen(
  flipped: { horizontal: boolean; vertical: boolean },
  axis: "horizontal" | "vertical",
  backend: Backend,
  rotation: number,
): { horizontal: boolean; vertical: boolean } {
  // The processor flips the image before it is rotated; what is meant is a flip on the screen.
  const across = backend === "cpu" && rotation % 180 === 90;
  const turned = across ? (axis === "horizontal" ? "vertical" : "horizontal") : axis;
  return { ...flipped, [turned]: !flipped[turned] };
}
