/** What a kind of finding says of itself. The kinds stand in viewer/kinds, one a file; shape-kinds.ts finds them. */
import type { ComponentType } from "react";
import type { DrawnKind, FindingKind } from "../geometry/content";
import type { FrameScale, Measures } from "../geometry/measure";
import { type CanvasPoint, type ImagePoint, imagePoint } from "../geometry/points";
import { enclosed, eachPixelInside as inside } from "../geometry/winding";

export type Icon = ComponentType<{ size?: number; stroke?: number }>;

export interface Kind {
  name: FindingKind;
  /** As people say it. */
  word: string;
  icon: Icon;
  /** What a label must be meant for to be given to it. */
  use: "image" | "region" | "segment";
}

/** How the hand draws a shape. */
export type Hand =
  /** Press, drag, let go; `clicks`: two clicks do as well. */
  | {
      way: "drag";
      clicks: boolean;
      points(start: ImagePoint, end: ImagePoint, even: boolean): ImagePoint[];
    }
  /** Corner by corner. */
  | { way: "corners" }
  /** Along the hand, until it lets go. */
  | { way: "line" }
  /** One click, then a text. */
  | { way: "text" };

/** A kind that is drawn with points on one image, in pixels (column, row). */
export interface ShapeKind extends Kind {
  name: DrawnKind;
  use: "region";
  /** Its key, and its place among the tools. */
  key: string;
  place: number;
  hand: Hand;
  /** Whether it encloses pixels. */
  area: boolean;
  /** The line that is drawn; joined at its ends for an area. */
  outline(points: readonly ImagePoint[]): readonly ImagePoint[];
  /** The points that can be dragged one by one. */
  handles(points: readonly ImagePoint[]): readonly ImagePoint[];
  /** The points after dragging one handle. */
  withHandleAt(points: readonly ImagePoint[], index: number, to: ImagePoint): ImagePoint[];
  /** What it measures, as the server stores it; the measure named `main` is written beside it. */
  measures(points: readonly ImagePoint[], scale: FrameScale): Measures;
  main: string | null;
  /** Visit the pixels it takes. */
  eachPixel(
    points: readonly ImagePoint[],
    rows: number,
    columns: number,
    visit: (column: number, row: number) => void,
  ): void;
  /** Why the points are no drawing of this kind, in words that say what to do; null when they are one. */
  fault(points: readonly ImagePoint[], size: { rows: number; columns: number }): string | null;
  /** Marks on the line's ends or middle, beside the line itself. */
  marks?(context: CanvasRenderingContext2D, line: readonly CanvasPoint[], stroke: () => void): void;
}

const asDrawn = (points: readonly ImagePoint[]) => points;

export const line: Pick<ShapeKind, "use" | "outline" | "handles" | "withHandleAt" | "eachPixel" | "area"> = {
  use: "region",
  area: false,
  outline: asDrawn,
  handles: asDrawn,
  withHandleAt: (points, index, to) => points.map((point, at) => (at === index ? to : point)),
  eachPixel: () => undefined,
};

/** Why an area cannot be kept: it holds no pixel. */
export function pixelFault(
  kind: Pick<ShapeKind, "word" | "eachPixel">,
  points: readonly ImagePoint[],
  size: { rows: number; columns: number },
): string | null {
  let found = false;
  kind.eachPixel(points, size.rows, size.columns, () => {
    found = true;
  });
  return found ? null : `This ${kind.word.toLowerCase()} holds no pixel. Draw it larger, on the image.`;
}

/** The corner of a dragged box that lies opposite its start; `even`: of the square that its longer side makes. */
export function farCorner(start: ImagePoint, end: ImagePoint, even: boolean): ImagePoint {
  if (!even) {
    return end;
  }
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  const side = Math.max(Math.abs(dx), Math.abs(dy));
  return imagePoint(start[0] + side * Math.sign(dx), start[1] + side * Math.sign(dy));
}

export function area(
  kind: Pick<ShapeKind, "name" | "word" | "icon" | "key" | "place" | "hand" | "measures"> &
    Partial<ShapeKind>,
): ShapeKind {
  const whole: ShapeKind = {
    ...line,
    area: true,
    main: "area",
    eachPixel: (points, rows, columns, visit) => inside(whole.outline(points), rows, columns, visit),
    fault: (points, size) => pixelFault(whole, points, size),
    ...kind,
  };
  return whole;
}

const differing = (points: readonly ImagePoint[]) =>
  new Set(points.map((point) => `${point[0]},${point[1]}`)).size;

/** An area with a list of corners: what it holds is what its line goes round. */
export function contour(
  kind: Pick<ShapeKind, "name" | "word" | "icon" | "key" | "place" | "hand"> & Partial<ShapeKind>,
): ShapeKind {
  const whole: ShapeKind = area({
    measures(points, scale) {
      const found = enclosed(scale.scaled(points)) ?? { area: 0, perimeter: 0 };
      return { ...scale.measure("area", found.area, 2), ...scale.measure("perimeter", found.perimeter) };
    },
    fault(points, size) {
      if (differing(points) < 3) {
        return `A ${whole.word.toLowerCase()} needs three different points. Draw it larger.`;
      }
      return enclosed(points)
        ? pixelFault(whole, points, size)
        : "The line crosses itself too often to enclose something. Draw it again.";
    },
    ...kind,
  });
  return whole;
}
