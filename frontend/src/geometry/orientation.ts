import type { Affine } from "./affine";
import type { FramePlane, Vector } from "./plane";

/** The patient direction of a vector as one to three letters, strongest first (PS3.3 C.7.6.1.1.1). */
export function directionLetters(direction: Vector): string {
  const axes: { letter: string; size: number }[] = [
    { letter: direction[0] > 0 ? "L" : "R", size: Math.abs(direction[0]) },
    { letter: direction[1] > 0 ? "P" : "A", size: Math.abs(direction[1]) },
    { letter: direction[2] > 0 ? "H" : "F", size: Math.abs(direction[2]) },
  ];
  const length = Math.hypot(...direction) || 1;
  return axes
    .sort((a, b) => b.size - a.size)
    .filter((axis, index) => axis.size / length > (index === 0 ? 0 : 0.25))
    .map((axis) => axis.letter)
    .join("");
}

export interface EdgeLetters {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

/** What each edge of the viewport points to, for the frame as it is rotated and flipped now. */
export function edgeLetters(plane: FramePlane, imageToCanvas: Affine): EdgeLetters {
  const { a, b, c, d } = imageToCanvas;
  const det = a * d - b * c;
  // Image steps (column, row) that move one pixel right, and one pixel down, on the canvas.
  const right = [d / det, -b / det] as const;
  const down = [-c / det, a / det] as const;
  const patient = ([column, row]: readonly [number, number]): Vector => {
    const u = column * plane.columnSpacing;
    const v = row * plane.rowSpacing;
    return [
      u * plane.rowCosine[0] + v * plane.columnCosine[0],
      u * plane.rowCosine[1] + v * plane.columnCosine[1],
      u * plane.rowCosine[2] + v * plane.columnCosine[2],
    ];
  };
  const toRight = patient(right);
  const toBottom = patient(down);
  const back = (v: Vector): Vector => [-v[0], -v[1], -v[2]];
  return {
    right: directionLetters(toRight),
    left: directionLetters(back(toRight)),
    bottom: directionLetters(toBottom),
    top: directionLetters(back(toBottom)),
  };
}
