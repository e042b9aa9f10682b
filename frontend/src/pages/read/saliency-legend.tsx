import { gradientOf } from "../../geometry/colormaps";
import { useSaliency } from "../../state/reading-saliency";
import type { ExplanationOffer, SaliencyOut } from "../../state/reading-types";
import { useReadingUi } from "../../state/reading-ui";
import { labelMeaning } from "../../viewer/findings-on-frame";
import { absentWords, rangeWords, strengthWords } from "./map-words";
import panelClasses from "./panel.module.css";
import viewportClasses from "./viewport.module.css";

function versionWords(version: SaliencyOut["version"] | undefined, fallback = ""): string {
  if (!version) {
    return fallback;
  }
  return `${version.family_slug} v${version.number}`;
}

/** From where on colours are shown, in the map's own measure. */
export function shareWords(share: number, scale: ExplanationOffer["scale"] | undefined): string {
  if (scale === "bits") {
    return `${share.toFixed(2)} bit`;
  }
  return scale === "probability"
    ? `${Math.round(share * 100)} %`
    : `${Math.round(share * 100)} % of this map's strongest`;
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
  const offer = prediction?.explanations_offered.find((one) => one.method === out.method);
  const absent = absentWords(prediction, out.label_key, offer?.of_label);
  const strength = out.scale ? strengthWords(out.scale) : "";
  const version = versionWords(out.version, versionWords(prediction?.version));
  return (
    <div className={viewportClasses.legend} data-testid="saliency-legend">
      <strong>{offer?.of_label === false ? offer.label : labelMeaning(out.label_key)}</strong>
      <div className={viewportClasses.legendBar} style={{ background: gradientOf(saliency.colormap) }} />
      <div className={viewportClasses.legendEnds}>
        <span>{offer?.low}</span>
        <span>{offer?.high}</span>
      </div>
      {absent ? (
        <div className={viewportClasses.legendSaid} data-testid="saliency-absent">
          {absent}
        </div>
      ) : null}
      {strength ? (
        <div className={viewportClasses.legendSaid} data-testid="saliency-strength">
          {strength}
        </div>
      ) : null}
      {out.grade ? (
        <div className={viewportClasses.legendSaid} data-testid="saliency-grade">
          {out.grade}
        </div>
      ) : null}
      {out.scale ? <div>Values: {rangeWords(out.scale)}</div> : null}
      <div>Shown from {shareWords(saliency.threshold, offer?.scale)}</div>
      <div>Method: {offer?.label ?? out.method}</div>
      {out.layer ? <div>Layer: {out.layer}</div> : null}
      <div>Model: {version}</div>
      <div className={panelClasses.small}>{offer?.caption}</div>
    </div>
  );
}
