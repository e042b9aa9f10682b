import type { Affine } from "./affine";

/** What the edges of a picture point to in the patient; "" where it is not said. The letters are the server's. */
export interface EdgeLetters {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

/** What each edge of the viewport points to, for the picture as it is turned and flipped now. */
export function edgesOnScreen(edges: EdgeLetters, { a, b, c, d }: Affine): EdgeLetters {
  const det = a * d - b * c;
  /** The picture's edge that a step of (columns, rows) goes to. */
  const towards = (columns: number, rows: number): string =>
    Math.abs(columns) >= Math.abs(rows)
      ? columns > 0
        ? edges.right
        : edges.left
      : rows > 0
        ? edges.bottom
        : edges.top;
  // Steps of one pixel to the right and down on the screen, in image pixels as high as they are wide on it.
  const width = Math.hypot(a, b);
  const height = Math.hypot(c, d);
  const right = [(d / det) * width, (-b / det) * height] as const;
  const down = [(-c / det) * width, (a / det) * height] as const;
  return {
    right: towards(...right),
    left: towards(-right[0], -right[1]),
    bottom: towards(...down),
    top: towards(-down[0], -down[1]),
  };
}
