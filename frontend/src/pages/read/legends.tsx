import { gradientOf } from "../../geometry/colormaps";
import { figures } from "../../geometry/measure";
import { lookOf, useLayers } from "../../state/reading-layers";
import { colormapOf } from "../../viewer/layer-pictures";
import type { ViewState } from "../../viewer/view-state";
import { AlignLegend } from "./align-legend";
import { SaliencyLegend } from "./saliency-legend";
import classes from "./viewport.module.css";

const lineHeight = 17;

/** What the colours on the image mean: of each map and dose that is on, its range and unit; of a saliency map. */
export function Legends({ view }: { view: ViewState }) {
  const state = useLayers();
  const { frame, stack } = view;
  const layers = ((stack && state.bySeries[stack.seriesUid]?.layers) ?? []).filter(
    (layer) => layer.low !== null && lookOf(state, layer).on,
  );
  return (
    // Above the values under the cursor, which have a line for each.
    <div className={classes.legends} style={{ bottom: 34 + layers.length * lineHeight }}>
      {layers.map((layer) => (
        <div
          className={classes.legend}
          key={`${layer.sop_instance_uid}/${layer.number}`}
          data-testid="layer-legend"
        >
          <strong>{layer.label}</strong>
          <div className={classes.legendBar} style={{ background: gradientOf(colormapOf(layer)) }} />
          <div className={classes.legendEnds}>
            <span>{figures(layer.low ?? 0)}</span>
            <span>{layer.unit || "no unit"}</span>
            <span>{figures(layer.high ?? 0)}</span>
          </div>
          {frame && !layer.places.includes(frame.place) ? <div>Not on this image.</div> : null}
        </div>
      ))}
      <AlignLegend view={view} />
      <SaliencyLegend />
    </div>
  );
}
