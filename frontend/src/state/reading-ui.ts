/** Ephemeral state of the reading page: nothing here is saved. */
import { create } from "zustand";
import type { ColormapName } from "../geometry/colormaps";
import type { DrawnKind } from "../geometry/content";
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

export type PaneId = "left" | "right";

export type ReadingDialog =
  | "cheat-sheet"
  | "reject"
  | "conflict"
  | "decide"
  | "reopen"
  | "saliency-method"
  | "leave"
  | null;

export type PanelTab = "findings" | "ai" | "comments" | "history";

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
  synced: boolean;
  tab: PanelTab;
  dialog: ReadingDialog;
  /** The workitem decision asked for in the "decide" dialog. */
  deciding: "correct" | "reject" | "accept" | null;
  renaming: string | null;
  correcting: string | null;
  saliency: SaliencySettings;
  /** Where on the image a text is being typed, in CSS pixels of the pane. */
  typing: { pane: PaneId; x: number; y: number; purpose: "text" | "comment"; pin: CommentPin } | null;
  activeComment: string | null;
  notice: { text: string; at: number } | null;
  overlays: boolean;
  /** Overlay planes that the image itself carries. */
  planes: boolean;
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
  synced: true,
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
  preferences: defaultPreferences,
};

export const useReadingUi = create<ReadingUi>(() => initial);

/** Begin a new case: keep the hand's settings (tool, brush, colours), forget what belongs to the last patient. */
export function resetReadingUi(): void {
  const { brushRadius, saliency, synced, preferences } = useReadingUi.getState();
  useReadingUi.setState({
    ...initial,
    brushRadius,
    synced,
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
