/** How a picture lies in its viewport: where, how large, how turned. */
import type { Affine } from "../geometry/affine";
import { type CanvasPoint, canvasPoint, type ImagePoint, imagePoint } from "../geometry/points";

export interface Camera {
  /** The image point in the middle of the viewport. */
  centre: ImagePoint;
  /** CSS pixels per image pixel (geometric mean of both axes, where pixels are not square). */
  scale: number;
  /** Clockwise on the screen, before the flips: 0, 90, 180 or 270. */
  rotation: number;
  /** Mirrored on the screen. */
  flipped: { horizontal: boolean; vertical: boolean };
}

interface Size {
  width: number;
  height: number;
}

interface Shape {
  rows: number;
  columns: number;
  /** Its `aspect` is height and width of a pixel. */
  spacing: { aspect: readonly [number, number] };
}

const turns: Record<number, readonly [number, number]> = {
  0: [1, 0],
  90: [0, 1],
  180: [-1, 0],
  270: [0, -1],
};

/** How the column axis and the row axis lie on the screen, for a scale of 1. */
function axes(camera: Camera, aspect: readonly [number, number]): Omit<Affine, "e" | "f"> {
  const [cos, sin] = turns[camera.rotation] ?? [1, 0];
  const across = Math.sqrt(aspect[1] / aspect[0]);
  const down = 1 / across;
  const mirrorX = camera.flipped.horizontal ? -1 : 1;
  const mirrorY = camera.flipped.vertical ? -1 : 1;
  return {
    a: mirrorX * cos * across,
    b: mirrorY * sin * across,
    c: mirrorX * -sin * down,
    d: mirrorY * cos * down,
  };
}

/** Pixel centres to CSS pixels of the viewport. */
export function affineOf(camera: Camera, frame: Shape, size: Size): Affine {
  const unit = axes(camera, frame.spacing.aspect);
  const [a, b, c, d] = [unit.a, unit.b, unit.c, unit.d].map((one) => one * camera.scale) as [
    number,
    number,
    number,
    number,
  ];
  const [column, row] = camera.centre;
  return {
    a,
    b,
    c,
    d,
    e: size.width / 2 - a * column - c * row,
    f: size.height / 2 - b * column - d * row,
  };
}

export const middleOf = (frame: Shape): ImagePoint =>
  imagePoint((frame.columns - 1) / 2, (frame.rows - 1) / 2);

/** The scale at which the whole picture just fills the viewport. */
export function fittingScale(camera: Camera, frame: Shape, size: Size): number {
  const { a, b, c, d } = axes(camera, frame.spacing.aspect);
  const width = Math.abs(a) * frame.columns + Math.abs(c) * frame.rows;
  const height = Math.abs(b) * frame.columns + Math.abs(d) * frame.rows;
  return Math.min(size.width / width, size.height / height);
}

export const upright = { rotation: 0, flipped: { horizontal: false, vertical: false } } as const;

/** Turned on the screen by a quarter, clockwise for 1, whatever is flipped. */
export function turned(camera: Camera, quarter: 1 | -1): Camera {
  // What is mirrored once turns the other way.
  const sense = camera.flipped.horizontal !== camera.flipped.vertical ? -quarter : quarter;
  return { ...camera, rotation: (camera.rotation + sense * 90 + 360) % 360 };
}

export function mirrored(camera: Camera, axis: "horizontal" | "vertical"): Camera {
  return { ...camera, flipped: { ...camera.flipped, [axis]: !camera.flipped[axis] } };
}

/** The viewport's middle. */
export const middle = (size: Size): CanvasPoint => canvasPoint(size.width / 2, size.height / 2);
