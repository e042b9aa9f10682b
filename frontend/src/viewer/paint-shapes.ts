import { type Affine, toCanvas } from "../geometry/affine";
import type { CanvasPoint, ImagePoint } from "../geometry/points";
import type { ShapeKind } from "./kind";

export interface ShapeLook {
  color: string;
  selected: boolean;
  hovered: boolean;
  /** Model findings are dashed. */
  dashed: boolean;
  locked: boolean;
}

const halo = "rgba(0, 0, 0, 0.75)";

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

/** Draw one shape in CSS pixels. */
export function paintShape(
  context: CanvasRenderingContext2D,
  imageToCanvas: Affine,
  shape: ShapeKind,
  points: readonly ImagePoint[],
  look: ShapeLook,
): void {
  const line = shape.outline(points).map((point) => toCanvas(imageToCanvas, point));
  const width = look.selected ? 2.5 : look.hovered ? 2 : 1.5;
  if (line.length > 1) {
    trace(context, line, shape.area);
    strokeTwice(context, look.color, width, look.dashed);
  }
  shape.marks?.(context, line, () => strokeTwice(context, look.color, width, false));
  if (look.selected && !look.locked) {
    for (const handle of shape.handles(points)) {
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
