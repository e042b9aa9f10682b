/**
 * What a closed line encloses, also where it crosses, touches or retraces itself: the non-zero winding rule. The same
 * method as the server's annotations/geometry/winding.py; tests/fixtures/kinds.json holds both to it.
 */
import type { ImagePoint } from "./points";

export interface Enclosed {
  /** In the points' unit squared. */
  area: number;
  /** Length of the border of the enclosed places. */
  perimeter: number;
}

interface Edge {
  lowX: number;
  low: number;
  high: number;
  /** Change of x for one of y. */
  slope: number;
  sign: 1 | -1;
}

// The line is looked at turned by one radian, so that no drawn edge lies along the strips.
const cos = Math.cos(1);
const sin = Math.sin(1);
/** Pairs of edges that are looked at before a line is called tangled. */
const mostWork = 4_000_000;

function edgesOf(points: readonly (readonly [number, number])[]): Edge[] {
  const turned = points.map(([x, y]) => [x * cos + y * sin, y * cos - x * sin] as const);
  const edges: Edge[] = [];
  turned.forEach(([x0, y0], index) => {
    const [x1, y1] = turned[(index + 1) % turned.length] ?? [x0, y0];
    if (y0 !== y1) {
      const rises = y1 > y0;
      edges.push({
        lowX: rises ? x0 : x1,
        low: Math.min(y0, y1),
        high: Math.max(y0, y1),
        slope: (x1 - x0) / (y1 - y0),
        sign: rises ? 1 : -1,
      });
    }
  });
  return edges.sort((a, b) => a.low - b.low);
}

const xAt = (edge: Edge, y: number) => edge.lowX + (y - edge.low) * edge.slope;

/** Heights at which two edges cross inside both; null when there are too many pairs. */
function crossings(edges: readonly Edge[]): number[] | null {
  const found: number[] = [];
  let work = 0;
  for (let i = 0; i < edges.length; i += 1) {
    const a = edges[i] as Edge;
    for (let j = i + 1; j < edges.length; j += 1) {
      const b = edges[j] as Edge;
      if (b.low >= a.high) {
        break;
      }
      work += 1;
      if (work > mostWork) {
        return null;
      }
      const end = Math.min(a.high, b.high);
      const before = xAt(a, b.low) - b.lowX;
      const after = xAt(a, end) - xAt(b, end);
      if (before * after < 0) {
        const y = b.low + ((end - b.low) * before) / (before - after);
        if (y > b.low && y < end) {
          found.push(y);
        }
      }
    }
  }
  return found;
}

/** What the closed line through the points encloses; null where it crosses itself too often to mean anything. */
export function enclosed(points: readonly (readonly [number, number])[]): Enclosed | null {
  if (points.length < 3) {
    return { area: 0, perimeter: 0 };
  }
  const edges = edgesOf(points);
  const crossed = crossings(edges);
  if (crossed === null) {
    return null;
  }
  const levels = [...new Set([...edges.flatMap((edge) => [edge.low, edge.high]), ...crossed])].sort(
    (a, b) => a - b,
  );
  const extent = Math.max(...levels.map(Math.abs), ...edges.map((edge) => Math.abs(edge.lowX)));
  let area = 0;
  let perimeter = 0;
  let next = 0;
  let active: Edge[] = [];
  let work = 0;
  for (let k = 0; k + 1 < levels.length; k += 1) {
    const bottom = levels[k] as number;
    const tall = (levels[k + 1] as number) - bottom;
    active = active.filter((edge) => edge.high > bottom);
    for (let edge = edges[next]; edge && edge.low <= bottom; edge = edges[next]) {
      active.push(edge);
      next += 1;
    }
    work += active.length;
    if (work > mostWork) {
      return null;
    }
    const middle = bottom + tall / 2;
    const row = active.map((edge) => ({ edge, x: xAt(edge, middle) })).sort((a, b) => a.x - b.x);
    let winding = 0;
    let outsideBefore = true;
    row.forEach(({ edge, x }, index) => {
      winding += edge.sign;
      const gap = (row[index + 1]?.x ?? Number.POSITIVE_INFINITY) - x;
      if (winding !== 0 && Number.isFinite(gap)) {
        area += gap * tall;
      }
      // Edges on one another count as one: only what the whole bundle changes is a border.
      if (gap > 1e-9 * extent) {
        const outside = winding === 0;
        if (outside !== outsideBefore) {
          perimeter += tall * Math.hypot(1, edge.slope);
        }
        outsideBefore = outside;
      }
    });
  }
  return { area, perimeter };
}

/** Call `visit` for every pixel whose centre the closed line goes round (a centre on an edge: left and top only). */
export function eachPixelInside(
  line: readonly ImagePoint[],
  rows: number,
  columns: number,
  visit: (column: number, row: number) => void,
): void {
  if (line.length < 3) {
    return;
  }
  const heights = line.map((point) => point[1]);
  const top = Math.max(0, Math.ceil(Math.min(...heights)));
  const bottom = Math.min(rows - 1, Math.floor(Math.max(...heights)));
  for (let row = top; row <= bottom; row += 1) {
    const crossed: { at: number; sign: 1 | -1 }[] = [];
    let a = line[line.length - 1] as ImagePoint;
    for (const b of line) {
      if (a[1] <= row !== b[1] <= row) {
        crossed.push({
          at: Math.ceil(a[0] + ((row - a[1]) * (b[0] - a[0])) / (b[1] - a[1])),
          sign: b[1] > a[1] ? 1 : -1,
        });
      }
      a = b;
    }
    crossed.sort((x, y) => x.at - y.at);
    let winding = 0;
    crossed.forEach(({ at, sign }, index) => {
      winding += sign;
      const end = Math.min(columns, crossed[index + 1]?.at ?? at);
      for (let column = Math.max(0, at); winding !== 0 && column < end; column += 1) {
        visit(column, row);
      }
    });
  }
}
