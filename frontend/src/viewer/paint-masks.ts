import { type Affine, cornerBased } from "../geometry/affine";
import type { MaskFrame } from "../geometry/content";
import { maskFromRuns } from "../geometry/runs";

interface MaskPicture {
  canvas: HTMLCanvasElement;
  column: number;
  row: number;
}

function channels(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

const fillAlpha = 96;
const edgeAlpha = 235;

/** A model's mask is hatched inside a broken edge: nobody takes it for a person's. */
const hatchStep = 6;
const isHatched = (column: number, row: number) => (column + row) % hatchStep < 2;
/** Gaps along an edge in every direction that edges mostly have. */
const isBroken = (column: number, row: number) => (column + 2 * row) % 7 < 3;

/** Paint part of a mask into image data: a light fill and a firm edge. */
function colorPart(
  mask: Uint8Array,
  rows: number,
  columns: number,
  part: { left: number; top: number; width: number; height: number },
  color: string,
  byModel = false,
): ImageData {
  const picture = new ImageData(part.width, part.height);
  const [red, green, blue] = channels(color);
  for (let j = 0; j < part.height; j += 1) {
    const row = part.top + j;
    for (let i = 0; i < part.width; i += 1) {
      const column = part.left + i;
      const at = row * columns + column;
      if (!mask[at]) {
        continue;
      }
      const edge =
        column === 0 ||
        row === 0 ||
        column === columns - 1 ||
        row === rows - 1 ||
        !mask[at - 1] ||
        !mask[at + 1] ||
        !mask[at - columns] ||
        !mask[at + columns];
      const to = (j * part.width + i) * 4;
      picture.data[to] = red;
      picture.data[to + 1] = green;
      picture.data[to + 2] = blue;
      picture.data[to + 3] = byModel
        ? edge && !isBroken(column, row)
          ? edgeAlpha
          : isHatched(column, row)
            ? fillAlpha * 1.3
            : fillAlpha / 6
        : edge
          ? edgeAlpha
          : fillAlpha;
    }
  }
  return picture;
}

interface StoredPart {
  frame: MaskFrame;
  rows: number;
  columns: number;
  color: string;
  byModel: boolean;
}

const pictures = new WeakMap<MaskFrame, Map<string, MaskPicture | null>>();

function pictureOf({ frame, rows, columns, color, byModel }: StoredPart): MaskPicture | null {
  const known = pictures.get(frame) ?? new Map<string, MaskPicture | null>();
  pictures.set(frame, known);
  const look = `${color}${byModel ? " model" : ""}`;
  const before = known.get(look);
  if (before !== undefined) {
    return before;
  }
  let left = columns;
  let right = -1;
  let top = rows;
  let bottom = -1;
  for (let i = 0; i + 1 < frame.runs.length; i += 2) {
    const start = frame.runs[i] ?? 0;
    const end = start + (frame.runs[i + 1] ?? 1) - 1;
    const firstRow = Math.floor(start / columns);
    const lastRow = Math.floor(end / columns);
    top = Math.min(top, firstRow);
    bottom = Math.max(bottom, lastRow);
    left = Math.min(left, lastRow > firstRow ? 0 : start % columns);
    right = Math.max(right, lastRow > firstRow ? columns - 1 : end % columns);
  }
  let picture: MaskPicture | null = null;
  if (right >= left && bottom >= top) {
    const canvas = document.createElement("canvas");
    canvas.width = right - left + 1;
    canvas.height = bottom - top + 1;
    const part = { left, top, width: canvas.width, height: canvas.height };
    const mask = maskFromRuns(frame.runs, rows * columns);
    canvas.getContext("2d")?.putImageData(colorPart(mask, rows, columns, part, color, byModel), 0, 0);
    picture = { canvas, column: left, row: top };
  }
  known.set(look, picture);
  return picture;
}

function place(context: CanvasRenderingContext2D, imageToCanvas: Affine, dpr: number): void {
  const m = cornerBased(imageToCanvas);
  context.setTransform(m.a * dpr, m.b * dpr, m.c * dpr, m.d * dpr, m.e * dpr, m.f * dpr);
  // A mask has no values between pixels: its edge is shown where it is.
  context.imageSmoothingEnabled = false;
}

/** Draw a stored mask; pixel (0, 0) of the mask is pixel (0, 0) of the image. */
export function paintMask(
  context: CanvasRenderingContext2D,
  imageToCanvas: Affine,
  dpr: number,
  mask: StoredPart,
): void {
  const picture = pictureOf(mask);
  if (picture) {
    place(context, imageToCanvas, dpr);
    context.drawImage(picture.canvas, picture.column, picture.row);
  }
}

/** A mask that is being painted: only what a stroke touched is coloured again. */
export class WorkingMask {
  readonly pixels: Uint8Array;
  private readonly canvas = document.createElement("canvas");

  constructor(
    readonly findingKey: string | null,
    readonly frameId: string,
    start: Uint8Array,
    private readonly rows: number,
    private readonly columns: number,
    private readonly color: string,
  ) {
    this.pixels = start;
    this.canvas.width = columns;
    this.canvas.height = rows;
    this.refresh(0, 0, columns - 1, rows - 1);
  }

  /** Colour the box again (pixels, inclusive; may reach over the border). */
  refresh(left: number, top: number, right: number, bottom: number): void {
    const l = Math.max(0, Math.floor(left) - 1);
    const t = Math.max(0, Math.floor(top) - 1);
    const r = Math.min(this.columns - 1, Math.ceil(right) + 1);
    const b = Math.min(this.rows - 1, Math.ceil(bottom) + 1);
    if (r < l || b < t) {
      return;
    }
    const part = { left: l, top: t, width: r - l + 1, height: b - t + 1 };
    const data = colorPart(this.pixels, this.rows, this.columns, part, this.color);
    this.canvas.getContext("2d")?.putImageData(data, l, t);
  }

  paint(context: CanvasRenderingContext2D, imageToCanvas: Affine, dpr: number): void {
    place(context, imageToCanvas, dpr);
    context.drawImage(this.canvas, 0, 0);
  }
}
