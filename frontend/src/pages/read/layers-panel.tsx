import { Alert, Slider, Switch, Text, UnstyledButton } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { performById } from "../../actions/action-table";
import { gradientOf } from "../../geometry/colormaps";
import { layerKey, lookOf, type SeriesLayer, setLayer, useLayers } from "../../state/reading-layers";
import { useReadingUi } from "../../state/reading-ui";
import { colormapOf } from "../../viewer/layer-pictures";
import { panes } from "../../viewer/panes";
import layerClasses from "./layers.module.css";
import classes from "./panel.module.css";

function useActiveView() {
  const controller = panes[useReadingUi((state) => state.activePane)];
  return useSyncExternalStore(controller.subscribe, controller.getView);
}

/** What lies over the series of the active viewport; undefined while it is not known. */
export function useSeriesLayers() {
  const seriesUid = useActiveView().stack?.seriesUid;
  return useLayers((state) => (seriesUid ? state.bySeries[seriesUid] : undefined));
}

/** Bring the nearest image with the layer onto the screen. */
function goTo(layer: SeriesLayer): void {
  const controller = panes[useReadingUi.getState().activePane];
  const { stack, index } = controller.getView();
  const places = stack?.frames.flatMap((frame, at) => (layer.places.includes(frame.place) ? [at] : [])) ?? [];
  const nearest = places.sort((a, b) => Math.abs(a - index) - Math.abs(b - index))[0];
  if (nearest !== undefined) {
    void controller.goTo(nearest);
  }
}

/** What is said of a layer besides its name. */
const aboutOf = (layer: SeriesLayer) => `${layer.made_by}. ${layer.words}`;

function LayerRow({ layer, about }: { layer: SeriesLayer; about: string | null }) {
  const look = useLayers((state) => lookOf(state, layer));
  const problem = useLayers((state) => state.problems[layerKey(layer)]);
  const { frame } = useActiveView();
  const drawable = layer.places.length > 0;
  const here = frame !== null && layer.places.includes(frame.place);
  return (
    <li className={layerClasses.layer} data-testid="layer" data-kind={layer.kind}>
      <div className={layerClasses.layerHead}>
        <span
          className={layerClasses.swatch}
          style={{ background: layer.color || gradientOf(colormapOf(layer)) }}
          aria-hidden
        />
        <Switch
          size="xs"
          label={layer.label}
          checked={look.on}
          disabled={!drawable}
          onChange={(event) => setLayer(layer, { on: event.currentTarget.checked })}
        />
        {drawable && !here ? (
          <UnstyledButton className={layerClasses.layerGo} onClick={() => goTo(layer)}>
            Go to it
          </UnstyledButton>
        ) : null}
      </div>
      {about ? <div className={classes.small}>{about}</div> : null}
      {problem ? (
        <Alert color="red" p="xs">
          {problem}
        </Alert>
      ) : null}
      {look.on && drawable ? (
        <Slider
          size="sm"
          min={0.05}
          max={1}
          step={0.05}
          label={null}
          thumbLabel={`Opacity of ${layer.label}`}
          value={look.opacity}
          onChange={(opacity) => setLayer(layer, { opacity })}
        />
      ) : null}
    </li>
  );
}

/** The layers of one object; what holds for all of them is said once. */
function ObjectLayers({ layers }: { layers: SeriesLayer[] }) {
  const first = layers[0];
  const about = first && layers.every((layer) => aboutOf(layer) === aboutOf(first)) ? aboutOf(first) : null;
  return (
    <section className={layerClasses.object} aria-label={first?.series_description}>
      <div className={classes.sideHead}>{first?.series_description || "No description"}</div>
      {about ? <div className={classes.small}>{about}</div> : null}
      <ul className={layerClasses.layers}>
        {layers.map((layer) => (
          <LayerRow key={layerKey(layer)} layer={layer} about={about ? null : aboutOf(layer)} />
        ))}
      </ul>
    </section>
  );
}

/** Segmentations, maps, dose and outlines that came with the study: switched on one by one, each with its opacity. */
export function LayersPanel() {
  const over = useSeriesLayers();
  const objects = [...new Set(over?.layers.map((layer) => layer.sop_instance_uid))];
  return (
    <>
      <div className={classes.heading}>
        Layers of this series
        {over?.layers.length ? (
          <UnstyledButton className={classes.key} onClick={() => performById("view.layers")}>
            Q
          </UnstyledButton>
        ) : null}
      </div>
      {over?.layers.length === 0 ? (
        <div className={classes.none}>Nothing of this study lies over these images.</div>
      ) : null}
      {objects.map((uid) => (
        <ObjectLayers
          key={uid}
          layers={over?.layers.filter((layer) => layer.sop_instance_uid === uid) ?? []}
        />
      ))}
      {over?.note ? (
        <Text size="xs" c="dimmed" data-testid="layers-note">
          {over.note}
        </Text>
      ) : null}
    </>
  );
}
