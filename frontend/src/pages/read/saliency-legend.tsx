import { gradientOf } from "../../geometry/colormaps";
import { useSaliency } from "../../state/reading-saliency";
import type { SaliencyOut } from "../../state/reading-types";
import { useReadingUi } from "../../state/reading-ui";
import { labelMeaning } from "../../viewer/findings-on-frame";
import panelClasses from "./panel.module.css";
import viewportClasses from "./viewport.module.css";

function versionWords(version: SaliencyOut["version"] | undefined, fallback = ""): string {
  if (!version) {
    return fallback;
  }
  return `${version.family_slug} v${version.number}`;
}

/** What the colours on the image are: method, layer, model version. */
export function SaliencyLegend() {
  const { status, out, prediction, message } = useSaliency();
  const saliency = useReadingUi((state) => state.saliency);
  if (status === "off" || (!saliency.on && status !== "failed")) {
    return null;
  }
  if (status !== "ready" || !out) {
    return (
      <div className={viewportClasses.legend} role="status" data-testid="saliency-status">
        {status === "computing" ? "Computing the saliency map…" : message}
      </div>
    );
  }
  const method =
    prediction?.explanations_offered.find((offer) => offer.method === out.method)?.label ?? out.method;
  const version = versionWords(out.version, versionWords(prediction?.version));
  return (
    <div className={viewportClasses.legend} data-testid="saliency-legend">
      <strong>{labelMeaning(out.label_key)}</strong>
      <div className={viewportClasses.legendBar} style={{ background: gradientOf(saliency.colormap) }} />
      <div style={{ display: "flex", justifyContent: "space-between" }}>
        <span>low</span>
        <span>shown from {Math.round(saliency.threshold * 100)} %</span>
        <span>high</span>
      </div>
      <div>Method: {method}</div>
      {out.layer ? <div>Layer: {out.layer}</div> : null}
      <div>Model: {version}</div>
      <div className={panelClasses.small}>Where the model looked, not what it saw.</div>
    </div>
  );
}
