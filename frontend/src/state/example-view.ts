/** Closed lines of [column, row] points; (0, 0) is the centre of the first pixel. */
export type Lines = readonly (readonly (readonly number[])[])[];

/** A part of an image in pixels; a pixel covers half a pixel on each side of its centre. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Size {
  rows: number;
  columns: number;
  pixel_aspect: number;
}

export const wholeOf = ({ rows, columns }: Size): Box => ({
  left: -0.5,
  top: -0.5,
  width: columns,
  height: rows,
});

/** Lines as the path of an SVG. */
export function lineOf(lines: Lines): string {
  return lines.map((line) => `M${line.map(([x, y]) => `${x} ${y}`).join("L")}Z`).join("");
}

/** A square of the screen round some lines, with as much again around them; at least a quarter of the image. */
export function boxAround(lines: Lines, size: Size): Box {
  const points = lines.flat();
  if (points.length === 0) {
    return wholeOf(size);
  }
  const [left, right] = endsOf(points, 0);
  const [top, bottom] = endsOf(points, 1);
  const tall = size.pixel_aspect;
  const least = Math.max(size.columns, size.rows * tall) / 4;
  const most = Math.max(size.columns, size.rows * tall);
  const side = Math.min(most, Math.max(least, 2 * (right - left), 2 * (bottom - top) * tall));
  return {
    left: (left + right) / 2 - side / 2,
    top: (top + bottom) / 2 - side / tall / 2,
    width: side,
    height: side / tall,
  };
}

/** The least and the largest of a coordinate; a ragged outline has more points than a call takes arguments. */
function endsOf(points: readonly (readonly number[])[], axis: 0 | 1): [number, number] {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const point of points) {
    const at = point[axis] ?? 0;
    least = Math.min(least, at);
    largest = Math.max(largest, at);
  }
  return [least, largest];
}
