/** Ephemeral state of the reading page: nothing here is saved. */
import { create } from "zustand";
import type { ColormapName } from "../geometry/colormaps";
import type { DrawnKind } from "../geometry/content";
import type { FrameFacts } from "../geometry/frame-facts";
import { defaultPreferences, type ReadingPreferences } from "./preferences";
import type { CommentPin } from "./reading-types";

export type ToolName =
  | "select"
  | "window"
  | "zoom"
  | "pan"
  | "scroll"
  | DrawnKind
  | "brush"
  | "eraser"
  | "comment";

export type LinkName = "scroll" | "window" | "zoom";

export type PaneId = "left" | "right";

export type ReadingDialog =
  | "cheat-sheet"
  | "reject"
  | "conflict"
  | "decide"
  | "reopen"
  | "saliency-method"
  | "calibrate"
  | "leave"
  | "nothing-found"
  | null;

export type PanelTab = "findings" | "ai" | "layers" | "align" | "comments" | "history";

/** A text being typed on an image: it belongs to the frame that was clicked, whatever is shown at its end. */
export interface Typing {
  pane: PaneId;
  x: number;
  y: number;
  purpose: "text" | "comment";
  seriesUid: string;
  frame: FrameFacts & { imageId: string };
  pin: CommentPin;
}

export interface SaliencySettings {
  on: boolean;
  method: string | null;
  opacity: number;
  threshold: number;
  colormap: ColormapName;
}

interface ReadingUi {
  tool: ToolName;
  brushRadius: number;
  labelKey: string | null;
  selected: string | null;
  hovered: string | null;
  hidden: ReadonlySet<string>;
  allHidden: boolean;
  modelHidden: boolean;
  layout: "1x1" | "1x2";
  activePane: PaneId;
  series: Record<PaneId, string | null>;
  /** What the other viewport follows, side by side. */
  links: Readonly<Record<LinkName, boolean>>;
  tab: PanelTab;
  dialog: ReadingDialog;
  /** The workitem decision asked for in the "decide" dialog. */
  deciding: "correct" | "reject" | "accept" | null;
  renaming: string | null;
  correcting: string | null;
  saliency: SaliencySettings;
  /** Where on the image a text is being typed, in CSS pixels of the pane. */
  typing: Typing | null;
  activeComment: string | null;
  notice: { text: string; at: number } | null;
  overlays: boolean;
  /** Overlay planes that the image itself carries. */
  planes: boolean;
  /** Where captions were put by hand, CSS pixels from their drawing, by finding. */
  captionOffsets: Readonly<Record<string, readonly [number, number]>>;
  preferences: ReadingPreferences;
}

const initial: ReadingUi = {
  tool: "window",
  brushRadius: 8,
  labelKey: null,
  selected: null,
  hovered: null,
  hidden: new Set(),
  allHidden: false,
  modelHidden: false,
  layout: "1x1",
  activePane: "left",
  series: { left: null, right: null },
  links: { scroll: true, window: false, zoom: false },
  tab: "findings",
  dialog: null,
  deciding: null,
  renaming: null,
  correcting: null,
  saliency: { on: false, method: null, opacity: 0.5, threshold: 0.3, colormap: "turbo" },
  typing: null,
  activeComment: null,
  notice: null,
  overlays: true,
  planes: true,
  captionOffsets: {},
  preferences: defaultPreferences,
};

export const useReadingUi = create<ReadingUi>(() => initial);

/** Begin a new case: keep the hand's settings (tool, brush, colours), forget what belongs to the last patient. */
export function resetReadingUi(): void {
  const { brushRadius, saliency, links, preferences } = useReadingUi.getState();
  useReadingUi.setState({
    ...initial,
    brushRadius,
    links,
    preferences,
    saliency: { ...saliency, on: false, method: null },
  });
}

export const readingUi = () => useReadingUi.getState();
export const setReadingUi = (fields: Partial<ReadingUi>) => useReadingUi.setState(fields);

/** A short line at the foot of the image that goes away by itself. */
export function say(text: string): void {
  setReadingUi({ notice: { text, at: Date.now() } });
}

export function toggleHidden(key: string): void {
  const hidden = new Set(readingUi().hidden);
  if (!hidden.delete(key)) {
    hidden.add(key);
  }
  setReadingUi({ hidden });
}

export function setSaliency(fields: Partial<SaliencySettings>): void {
  setReadingUi({ saliency: { ...readingUi().saliency, ...fields } });
}

export const brushLimits = { min: 1, max: 80 };

export function setBrushRadius(radius: number): void {
  const brushRadius = Math.min(brushLimits.max, Math.max(brushLimits.min, Math.round(radius)));
  setReadingUi({ brushRadius });
}
