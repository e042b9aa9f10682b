import { cache, type Types } from "@cornerstonejs/core";
import { valueRange, type WindowPreset } from "../geometry/window-presets";
import { shownUnit } from "./pixel-values";
import type { StackFrame } from "./series-stack";

/** Grey levels from black (`lower`) to white (`upper`), in rescaled values. */
interface WindowRange {
  lower: number;
  upper: number;
}

/** The range that the pixels themselves suggest; null while they are not loaded. */
function foundRange(frame: StackFrame, how: "percentile" | "full"): WindowRange | null {
  const image = cache.getImage(frame.imageId);
  if (!image) {
    return null;
  }
  const range = valueRange(image.voxelManager?.getScalarData() ?? image.getPixelData());
  const wide = how === "full" || range.p99 <= range.p1;
  return wide
    ? { lower: range.min, upper: Math.max(range.max, range.min + 1e-6) }
    : { lower: range.p1, upper: range.p99 };
}

/** The window the image asks for, else the one its values suggest. */
function storedRange(frame: StackFrame): WindowRange | null {
  const stored = frame.voi.find((choice) => choice.center !== null && choice.width !== null);
  return stored?.center != null && stored.width != null
    ? { lower: stored.center - stored.width / 2, upper: stored.center + stored.width / 2 }
    : foundRange(frame, "percentile");
}

/** The grey-level window of one viewport. */
export class Windowing {
  /** While true each slice is shown with its own stored window. */
  private own = true;

  constructor(
    private readonly viewport: () => Types.IStackViewport | null,
    private readonly frame: () => StackFrame | null,
  ) {}

  private apply(range: WindowRange | null): void {
    const viewport = this.viewport();
    if (viewport && range && range.upper > range.lower && !this.frame()?.color) {
      viewport.setProperties({ voiRange: range });
      viewport.render();
    }
  }

  /** A new series begins: back to what its images ask for. */
  begin(): void {
    this.own = true;
    this.nextSlice();
  }

  /** Another slice is shown. */
  nextSlice(): void {
    const frame = this.frame();
    if (this.own && frame) {
      this.apply(storedRange(frame));
    }
  }

  /** In the unit that the reader sees. */
  set(center: number, width: number): void {
    const frame = this.frame();
    if (frame) {
      this.own = false;
      const { factor } = shownUnit(frame);
      const lower = (center - width / 2) / factor;
      this.apply({ lower, upper: lower + width / factor });
    }
  }

  preset({ window }: WindowPreset): void {
    const frame = this.frame();
    if (window === "stored") {
      this.begin();
    } else if (typeof window !== "string") {
      this.set(window.center, window.width);
    } else if (frame) {
      this.own = false;
      this.apply(foundRange(frame, window));
    }
  }
}
