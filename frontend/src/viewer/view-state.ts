import { type Affine, identity } from "../geometry/affine";
import type { SeriesStack, StackFrame } from "./series-stack";

/** What one viewport shows, and how. */
export interface ViewState {
  status: "empty" | "loading" | "ready" | "failed";
  problem: unknown;
  stack: SeriesStack | null;
  frame: StackFrame | null;
  index: number;
  /** In the unit shown to the reader. */
  windowCenter: number;
  windowWidth: number;
  unit: string;
  /** What the image calls the window or table that is shown; empty for a window that somebody chose. */
  windowName: string;
  /** CSS pixels per image pixel. */
  zoom: number;
  rotation: number;
  flipped: { horizontal: boolean; vertical: boolean };
  inverted: boolean;
  playing: boolean;
  framesPerSecond: number;
  /** Pixel centres to CSS pixels of the viewport. */
  imageToCanvas: Affine;
  size: { width: number; height: number };
}

export const emptyView: ViewState = {
  status: "empty",
  problem: null,
  stack: null,
  frame: null,
  index: 0,
  windowCenter: 0,
  windowWidth: 0,
  unit: "",
  windowName: "",
  zoom: 1,
  rotation: 0,
  flipped: { horizontal: false, vertical: false },
  inverted: false,
  playing: false,
  framesPerSecond: 15,
  imageToCanvas: identity,
  size: { width: 0, height: 0 },
};
