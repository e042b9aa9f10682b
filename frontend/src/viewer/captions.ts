/** The texts beside what is drawn: they do not lie on one another, and can be put elsewhere by hand. */
import type { CanvasPoint } from "../geometry/points";
import { readingUi, setReadingUi } from "../state/reading-ui";

export interface Caption {
  /** The finding; empty for a sketch. */
  key: string;
  lines: readonly string[];
  color: string;
  /** The point of the drawing it belongs to, and the drawing's extent. */
  anchor: CanvasPoint;
  left: number;
}

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedCaption extends Rect {
  caption: Caption;
  /** Far enough from its drawing to need a line to it. */
  apart: boolean;
}

const font = '12px "Inter", "Segoe UI", "Noto Sans", Arial, sans-serif';
const lineHeight = 15;
const gap = 10;

const overlaps = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const inside = (rect: Rect, room: { width: number; height: number }): Rect => ({
  ...rect,
  x: Math.max(2, Math.min(room.width - rect.width - 2, rect.x)),
  y: Math.max(2, Math.min(room.height - rect.height - 2, rect.y)),
});

/** Find a place for each caption: where the hand put it, else beside its drawing where nothing is written yet. */
export function placeCaptions(
  captions: readonly Caption[],
  widthOf: (line: string) => number,
  room: { width: number; height: number },
): PlacedCaption[] {
  const { captionOffsets } = readingUi();
  const placed: PlacedCaption[] = [];
  // What was put somewhere by hand stands first; the others keep off it.
  const isPut = (caption: Caption) => Number(captionOffsets[caption.key] !== undefined);
  for (const caption of [...captions].sort((a, b) => isPut(b) - isPut(a))) {
    if (caption.lines.length === 0) {
      continue;
    }
    const width = Math.max(...caption.lines.map(widthOf));
    const height = caption.lines.length * lineHeight;
    const [ax, ay] = caption.anchor;
    const offset = captionOffsets[caption.key];
    const at = (x: number, y: number) => inside({ x, y, width, height }, room);
    if (offset) {
      const rect = at(ax + offset[0], ay + offset[1]);
      placed.push({ ...rect, caption, apart: Math.hypot(rect.x - ax, rect.y - ay) > 40 });
      continue;
    }
    const right = ax + gap;
    const left = caption.left - width - gap;
    const steps = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6].map((step) => step * (lineHeight + 1));
    const wishes = steps.flatMap((step) => [at(right, ay - 6 + step), at(left, ay - 6 + step)]);
    const free = wishes.find((rect) => !placed.some((other) => overlaps(rect, other)));
    const rect = free ?? below(at(right, ay - 6), placed, room);
    placed.push({ ...rect, caption, apart: Math.abs(rect.y - (ay - 6)) > 2 * lineHeight });
  }
  return placed;
}

/** The next free place down the picture; where all is full, the first wish. */
function below(wish: Rect, placed: readonly Rect[], room: { width: number; height: number }): Rect {
  for (let y = 2; y + wish.height <= room.height - 2; y += lineHeight) {
    const rect = { ...wish, y };
    if (!placed.some((other) => overlaps(rect, other))) {
      return rect;
    }
  }
  return wish;
}

/** A colour halfway to white: small letters in a pure colour are hard to read on an image. */
function lightened(color: string): string {
  const value = Number.parseInt(color.slice(1), 16);
  const channel = (shift: number) => Math.round((((value >> shift) & 255) + 255) / 2);
  return `rgb(${channel(16)}, ${channel(8)}, ${channel(0)})`;
}

export function paintCaptions(
  context: CanvasRenderingContext2D,
  captions: readonly Caption[],
  room: { width: number; height: number },
): PlacedCaption[] {
  context.font = font;
  context.textBaseline = "top";
  const placed = placeCaptions(captions, (line) => context.measureText(line).width, room);
  for (const { caption, x, y, width, height, apart } of placed) {
    if (apart) {
      const [ax, ay] = caption.anchor;
      context.beginPath();
      context.moveTo(ax, ay);
      context.lineTo(Math.max(x, Math.min(x + width, ax)), Math.max(y, Math.min(y + height, ay)));
      context.strokeStyle = caption.color;
      context.lineWidth = 1;
      context.setLineDash([2, 3]);
      context.stroke();
      context.setLineDash([]);
    }
    // Read on white as on black: PET is shown dark on white.
    context.fillStyle = "rgba(0, 0, 0, 0.25)";
    context.fillRect(x - 3, y - 2, width + 6, height + 2);
    context.lineJoin = "round";
    caption.lines.forEach((line, index) => {
      context.lineWidth = 3;
      context.strokeStyle = "rgba(0, 0, 0, 0.9)";
      context.strokeText(line, x, y + index * lineHeight);
      context.fillStyle = index === 0 ? lightened(caption.color) : "#e6ebf2";
      context.fillText(line, x, y + index * lineHeight);
    });
  }
  return placed;
}

/** The caption of a finding under a point. */
export const captionAt = (placed: readonly PlacedCaption[], [x, y]: CanvasPoint): PlacedCaption | undefined =>
  placed.find(
    (one) =>
      one.caption.key !== "" && x >= one.x && x <= one.x + one.width && y >= one.y && y <= one.y + one.height,
  );

/** Put a caption elsewhere: it keeps that distance from its drawing. */
export function moveCaption(key: string, offset: readonly [number, number]): void {
  setReadingUi({ captionOffsets: { ...readingUi().captionOffsets, [key]: offset } });
}
