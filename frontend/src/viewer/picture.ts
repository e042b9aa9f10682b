/** One frame as a picture: every sample through its grey levels, then laid on a canvas by the camera's affine. */
import { type Affine, cornerBased } from "../geometry/affine";
import { byteTable, type GreyLevels, levelOf } from "../geometry/grey-levels";
import type { FramePixels } from "./frame-pixels";
import { ownColorOf } from "./own-colors";
import type { StackFrame } from "./series-stack";

const opaque = 0xff000000;
const grey = (byte: number) => (opaque | (byte << 16) | (byte << 8) | byte) >>> 0;

/** What of a grey picture the reader chose. */
export interface Look {
  levels: GreyLevels;
  inverted: boolean;
}

function paintGrey(target: Uint32Array, frame: StackFrame, pixels: FramePixels, look: Look): void {
  const { samples, slope, intercept, range } = pixels;
  const { padding } = frame;
  const count = Math.min(target.length, samples.length);
  const colorOf = ownColorOf(frame);
  if (range) {
    const { lowest, highest } = range;
    const bytes = byteTable(
      look.levels,
      { lowest, count: highest - lowest + 1, slope, intercept },
      look.inverted,
    );
    const shades = new Uint32Array(bytes.length);
    for (let i = 0; i < bytes.length; i += 1) {
      const sample = lowest + i;
      const hole = padding !== null && sample >= padding.low && sample <= padding.high;
      shades[i] = hole ? opaque : (colorOf?.(sample) ?? grey(bytes[i] ?? 0));
    }
    for (let i = 0; i < count; i += 1) {
      target[i] = shades[(samples[i] as number) - lowest] as number;
    }
    return;
  }
  const byte = new Uint8ClampedArray(1);
  for (let i = 0; i < count; i += 1) {
    const value = samples[i] as number;
    if (Number.isNaN(value)) {
      target[i] = opaque;
    } else {
      const level = levelOf(look.levels, value * slope + intercept);
      byte[0] = 255 * (look.inverted ? 1 - level : level);
      // Values that were made on the server: the stored one is found again through the line between them.
      const color = colorOf?.(Math.round((value - frame.intercept) / frame.slope));
      target[i] = color ?? grey(byte[0] ?? 0);
    }
  }
}

function paintColor(target: Uint32Array, samples: FramePixels["samples"]): void {
  const step = samples.length >= target.length * 4 ? 4 : 3;
  for (let i = 0, at = 0; i < target.length; i += 1, at += step) {
    const red = samples[at] ?? 0;
    target[i] = (opaque | ((samples[at + 2] ?? 0) << 16) | ((samples[at + 1] ?? 0) << 8) | red) >>> 0;
  }
}

export class Picture {
  private readonly source = document.createElement("canvas");
  private readonly canvas = document.createElement("canvas");
  private data: ImageData | null = null;

  /** Put the picture into the page. */
  mount(element: HTMLElement): void {
    this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%";
    this.canvas.dataset.testid = "picture-canvas";
    element.append(this.canvas);
  }

  unmount(): void {
    this.canvas.remove();
    // Pixels of a patient do not wait for the collector.
    this.source.width = this.source.height = this.canvas.width = this.canvas.height = 0;
    this.data = null;
  }

  /** Say in the page which frame is drawn. */
  mark(frame: string): void {
    this.canvas.dataset.frame = frame;
  }

  /** Compute the grey levels of a frame. */
  expose(frame: StackFrame, pixels: FramePixels, look: Look): void {
    const { rows, columns } = frame;
    const context = this.source.getContext("2d", { willReadFrequently: false });
    if (!context) {
      return;
    }
    if (this.source.width !== columns || this.source.height !== rows || !this.data) {
      this.source.width = columns;
      this.source.height = rows;
      this.data = context.createImageData(columns, rows);
    }
    const target = new Uint32Array(this.data.data.buffer);
    if (pixels.channels === 3) {
      paintColor(target, pixels.samples);
    } else {
      paintGrey(target, frame, pixels, look);
    }
    context.putImageData(this.data, 0, 0);
  }

  /** Lay the picture on the screen. */
  draw(
    imageToCanvas: Affine,
    size: { width: number; height: number },
    smooth: boolean,
    above: (context: CanvasRenderingContext2D) => void,
  ): void {
    const dpr = window.devicePixelRatio || 1;
    const width = Math.round(size.width * dpr);
    const height = Math.round(size.height * dpr);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const context = this.canvas.getContext("2d", { alpha: false });
    if (!context || this.source.width === 0) {
      return;
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    const m = cornerBased(imageToCanvas);
    context.setTransform(m.a * dpr, m.b * dpr, m.c * dpr, m.d * dpr, m.e * dpr, m.f * dpr);
    context.imageSmoothingEnabled = smooth;
    // Reduced pictures are averaged, so that fine structures neither vanish nor shimmer.
    context.imageSmoothingQuality = Math.hypot(m.a, m.b) * dpr < 1 ? "high" : "low";
    context.drawImage(this.source, 0, 0);
    above(context);
  }
}
