import { type Affine, toCanvas } from "../geometry/affine";
import type { DrawnKind } from "../geometry/content";
import type { CanvasPoint, ImagePoint } from "../geometry/points";
import { handlesOf, isClosed, outline } from "../geometry/shapes";

export interface ShapeLook {
  color: string;
  selected: boolean;
  hovered: boolean;
  /** Model findings are dashed. */
  dashed: boolean;
  locked: boolean;
  caption: readonly string[];
}

const halo = "rgba(0, 0, 0, 0.75)";
const font = '12px "Inter", "Segoe UI", "Noto Sans", Arial, sans-serif';

function trace(context: CanvasRenderingContext2D, line: readonly CanvasPoint[], closed: boolean): void {
  context.beginPath();
  line.forEach(([x, y], index) => {
    if (index === 0) {
      context.moveTo(x, y);
    } else {
      context.lineTo(x, y);
    }
  });
  if (closed) {
    context.closePath();
  }
}

/** Stroke the current path with a dark halo, so that it is seen on any image. */
function strokeTwice(context: CanvasRenderingContext2D, color: string, width: number, dashed: boolean): void {
  context.setLineDash(dashed ? [6, 4] : []);
  context.lineJoin = "round";
  context.strokeStyle = halo;
  context.lineWidth = width + 2;
  context.stroke();
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

/** A colour halfway to white: small letters in a pure colour are hard to read on an image. */
function lightened(color: string): string {
  const value = Number.parseInt(color.slice(1), 16);
  const channel = (shift: number) => Math.round((((value >> shift) & 255) + 255) / 2);
  return `rgb(${channel(16)}, ${channel(8)}, ${channel(0)})`;
}

function writeCaption(
  context: CanvasRenderingContext2D,
  lines: readonly string[],
  x: number,
  y: number,
  color: string,
): void {
  context.font = font;
  context.textBaseline = "top";
  lines.forEach((line, index) => {
    const top = y + index * 15;
    context.lineWidth = 3;
    context.strokeStyle = halo;
    context.strokeText(line, x, top);
    context.fillStyle = index === 0 ? lightened(color) : "#e6ebf2";
    context.fillText(line, x, top);
  });
}

/** Draw one shape in CSS pixels. */
export function paintShape(
  context: CanvasRenderingContext2D,
  imageToCanvas: Affine,
  kind: DrawnKind,
  points: readonly ImagePoint[],
  look: ShapeLook,
): void {
  const line = outline(kind, points).map((point) => toCanvas(imageToCanvas, point));
  const width = look.selected ? 2.5 : look.hovered ? 2 : 1.5;
  const first = line[0];
  if (!first) {
    return;
  }
  if (kind === "point") {
    const reach = look.selected ? 8 : 6;
    context.beginPath();
    context.moveTo(first[0] - reach, first[1]);
    context.lineTo(first[0] + reach, first[1]);
    context.moveTo(first[0], first[1] - reach);
    context.lineTo(first[0], first[1] + reach);
    strokeTwice(context, look.color, width, false);
  } else {
    trace(context, line, isClosed(kind));
    strokeTwice(context, look.color, width, look.dashed);
    if (kind === "length") {
      paintEnds(context, line, look.color);
    }
  }
  if (look.selected && !look.locked) {
    for (const handle of handlesOf(kind, points)) {
      const [x, y] = toCanvas(imageToCanvas, handle);
      context.beginPath();
      context.arc(x, y, 4, 0, 2 * Math.PI);
      context.fillStyle = "#0b0e13";
      context.fill();
      context.strokeStyle = look.color;
      context.lineWidth = 1.5;
      context.stroke();
    }
  }
  if (look.caption.length > 0) {
    const right = Math.max(...line.map((point) => point[0]));
    const at = line.find((point) => point[0] === right) ?? first;
    writeCaption(context, look.caption, at[0] + 10, at[1] - 6, look.color);
  }
}

function paintEnds(context: CanvasRenderingContext2D, line: readonly CanvasPoint[], color: string): void {
  const [a, b] = line;
  if (!a || !b) {
    return;
  }
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const nx = (-(b[1] - a[1]) / length) * 5;
  const ny = ((b[0] - a[0]) / length) * 5;
  for (const [x, y] of [a, b]) {
    context.beginPath();
    context.moveTo(x - nx, y - ny);
    context.lineTo(x + nx, y + ny);
    strokeTwice(context, color, 1.5, false);
  }
}

/** A numbered comment pin. */
export function paintPin(
  context: CanvasRenderingContext2D,
  at: CanvasPoint,
  number: number,
  active: boolean,
): void {
  const [x, y] = at;
  context.beginPath();
  context.arc(x, y - 14, 9, Math.PI * 0.85, Math.PI * 2.15);
  context.lineTo(x, y);
  context.closePath();
  context.fillStyle = active ? "#e9b949" : "#c79a2e";
  context.fill();
  context.lineWidth = active ? 2 : 1;
  context.strokeStyle = active ? "#ffffff" : "#0b0e13";
  context.stroke();
  context.font = "bold 11px sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = "#0b0e13";
  context.fillText(String(number), x, y - 14);
  context.textAlign = "start";
}

/** The brush's reach, drawn where the cursor is. */
export function paintBrush(
  context: CanvasRenderingContext2D,
  imageToCanvas: Affine,
  at: ImagePoint,
  radius: number,
  erasing: boolean,
): void {
  const { a, b, c, d } = imageToCanvas;
  const [x, y] = toCanvas(imageToCanvas, at);
  context.beginPath();
  for (let i = 0; i <= 48; i += 1) {
    const t = (2 * Math.PI * i) / 48;
    const u = radius * Math.cos(t);
    const v = radius * Math.sin(t);
    const px = x + a * u + c * v;
    const py = y + b * u + d * v;
    if (i === 0) {
      context.moveTo(px, py);
    } else {
      context.lineTo(px, py);
    }
  }
  strokeTwice(context, erasing ? "#f2706b" : "#ffffff", 1, false);
}
