/** What of the study's own objects lies over the images: off until the reader switches it on. */
import { create } from "zustand";
import { get } from "../api/client";
import { asApiError } from "../api/errors";
import type { Schemas } from "../api/types";
import { useReading } from "./reading-session";

export type SeriesLayer = Schemas["SeriesLayer"];

export interface LayerLook {
  on: boolean;
  opacity: number;
}

interface LayersState {
  /** By the series they lie over, as the server says. */
  bySeries: Readonly<Record<string, Schemas["SeriesLayersOut"]>>;
  looks: Readonly<Record<string, LayerLook>>;
  /** What was on when all were switched off. */
  lastOn: readonly string[];
  /** Why a layer could not be fetched, by layer. */
  problems: Readonly<Record<string, string>>;
  /** Counts what has arrived to be drawn. */
  arrived: number;
}

const nothing: LayersState = { bySeries: {}, looks: {}, lastOn: [], problems: {}, arrived: 0 };

export const useLayers = create<LayersState>(() => nothing);

export const layerKey = (layer: SeriesLayer): string => `${layer.sop_instance_uid}/${layer.number}`;

const newLook: LayerLook = { on: false, opacity: 0.5 };

export const lookOf = (state: LayersState, layer: SeriesLayer): LayerLook =>
  state.looks[layerKey(layer)] ?? newLook;

export function setLayer(layer: SeriesLayer, fields: Partial<LayerLook>): void {
  const state = useLayers.getState();
  useLayers.setState({
    looks: { ...state.looks, [layerKey(layer)]: { ...lookOf(state, layer), ...fields } },
  });
}

/** The layers over a series that can be drawn. */
export const drawableLayers = (seriesUid: string | undefined): SeriesLayer[] =>
  (seriesUid ? useLayers.getState().bySeries[seriesUid]?.layers : undefined)?.filter(
    (layer) => layer.places.length > 0,
  ) ?? [];

/** The layers that are on, over a series. */
export const shownLayers = (seriesUid: string): SeriesLayer[] =>
  drawableLayers(seriesUid).filter((layer) => lookOf(useLayers.getState(), layer).on);

/** All off, or on again what was on; nothing was on yet: all on. */
export function toggleLayers(seriesUid: string): void {
  const all = drawableLayers(seriesUid);
  const on = all.filter((layer) => lookOf(useLayers.getState(), layer).on);
  if (on.length > 0) {
    useLayers.setState({ lastOn: on.map(layerKey) });
    for (const layer of on) {
      setLayer(layer, { on: false });
    }
    return;
  }
  const { lastOn } = useLayers.getState();
  const again = all.filter((layer) => lastOn.includes(layerKey(layer)));
  for (const layer of again.length > 0 ? again : all) {
    setLayer(layer, { on: true });
  }
}

/** Ask what lies over a series; called again when what may be seen, or what the study holds, has changed. */
export async function loadLayers(studyUid: string, seriesUid: string): Promise<void> {
  const { workitemId } = useReading.getState();
  try {
    const answer = await get<Schemas["SeriesLayersOut"]>(`studies/${studyUid}/series/${seriesUid}/layers`);
    if (useReading.getState().workitemId === workitemId) {
      useLayers.setState((state) => ({ bySeries: { ...state.bySeries, [seriesUid]: answer } }));
    }
  } catch (thrown) {
    if (useReading.getState().workitemId === workitemId) {
      const note = asApiError(thrown).message;
      useLayers.setState((state) => ({ bySeries: { ...state.bySeries, [seriesUid]: { layers: [], note } } }));
    }
  }
}

export const layerArrived = (): void => useLayers.setState((state) => ({ arrived: state.arrived + 1 }));

export const layerFailed = (layer: SeriesLayer, thrown: unknown): void =>
  useLayers.setState((state) => ({
    problems: { ...state.problems, [layerKey(layer)]: asApiError(thrown).message },
  }));

useReading.subscribe((now, before) => {
  if (now.workitemId !== before.workitemId) {
    useLayers.setState(nothing);
  }
});
