/** The saliency map that is shown, or being computed: one at a time, off until asked. */
import { create } from "zustand";
import { asApiError } from "../api/errors";
import { live } from "../api/live";
import { fetchSaliency, fetchSaliencyMap, requestSaliency } from "./reading-api";
import { findingRow, useFindings } from "./reading-findings";
import { reading, useReading } from "./reading-session";
import type { PredictionOut, SaliencyOut } from "./reading-types";
import { readingUi, setSaliency } from "./reading-ui";

interface SaliencyState {
  status: "off" | "computing" | "ready" | "failed";
  prediction: PredictionOut | null;
  out: SaliencyOut | null;
  map: Uint8Array | null;
  message: string;
}

const off: SaliencyState = { status: "off", prediction: null, out: null, map: null, message: "" };

export const useSaliency = create<SaliencyState>(() => off);

const pollMs = 1500;
let wanted = 0;
const kept = new Map<string, Uint8Array>();

/** The prediction and label that an overlay would explain now: of the selected model finding, else of the likeliest. */
export function saliencyTarget(): {
  prediction: PredictionOut;
  labelKey: string;
  findingKey: string | null;
} | null {
  const { predictions } = reading();
  const finished = predictions.filter((prediction) => prediction.state === "finished");
  const selected = findingRow(readingUi().selected);
  const source = selected?.correctionOf ? findingRow(selected.correctionOf) : selected;
  const rows = Object.values(useFindings.getState().rows)
    .filter((row) => row.byModel && !row.deleted)
    .sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0));
  for (const row of source?.byModel ? [source, ...rows] : rows) {
    const labelKey = row.saved?.content.label_key ?? row.content.label_key;
    const prediction = finished.find((one) => one.id === row.predictionId);
    if (prediction && labelKey) {
      return { prediction, labelKey, findingKey: row.key };
    }
  }
  const first = finished[0];
  const likeliest = Object.entries(first?.output.labels ?? {}).sort(
    (a, b) => b[1].probability - a[1].probability,
  )[0];
  return first && likeliest ? { prediction: first, labelKey: likeliest[0], findingKey: null } : null;
}

type Offer = PredictionOut["explanations_offered"][number] & {
  /** How this kind of map did on marked test cases, in words. */
  grade: string;
};

/** The maps that the target's version offers of its label, in the server's order: the best first. */
export function mapsOffered(): Offer[] {
  const target = saliencyTarget();
  const kinds = target?.prediction.explanations_offered ?? [];
  return mapsOfTarget(target).offered.flatMap(({ method, grade }) => {
    const kind = kinds.find((one) => one.method === method);
    return kind ? [{ ...kind, grade }] : [];
  });
}

/** What is known of the maps of the target's label, as the server says it. */
export function mapsOfTarget(target: ReturnType<typeof saliencyTarget>): PredictionOut["label_maps"][number] {
  const found = target?.prediction.label_maps.find((one) => one.label_key === target.labelKey);
  return found ?? { label_key: target?.labelKey ?? "", sentence: "", offered: [] };
}

/** What was seen must be said in a review: whether a map was on the screen. */
export const saliencyIsShown = () => useSaliency.getState().status === "ready" && readingUi().saliency.on;

export function hideSaliency(): void {
  wanted += 1;
  setSaliency({ on: false });
  useSaliency.setState(off);
}

// Why there is no map is said of one case.
useReading.subscribe((now, before) => {
  if (now.workitemId !== before.workitemId && useSaliency.getState().status === "failed") {
    useSaliency.setState(off);
  }
});

/** Ask for the map of the target and show it when it is there. */
export async function showSaliency(method?: string): Promise<void> {
  const target = saliencyTarget();
  wanted += 1;
  const mine = wanted;
  if (!target) {
    useSaliency.setState({
      ...off,
      status: "failed",
      message: "No model finding to explain. Ask for a prediction first.",
    });
    return;
  }
  const offered = mapsOffered();
  const chosen =
    offered.find((offer) => offer.method === (method ?? readingUi().saliency.method)) ?? offered[0];
  if (!chosen) {
    const { sentence } = mapsOfTarget(target);
    const message = sentence || "This model version offers no map of it.";
    useSaliency.setState({ ...off, status: "failed", message });
    return;
  }
  setSaliency({ on: true, method: chosen.method });
  useSaliency.setState({ ...off, status: "computing", prediction: target.prediction });
  const stillWanted = () => mine === wanted;
  try {
    let out = await requestSaliency(target.prediction.id, target.labelKey, chosen.method);
    while (out.state === "requested" && stillWanted()) {
      useSaliency.setState({ out });
      await changedOrLater(out.id);
      out = await fetchSaliency(out.id);
    }
    if (!stillWanted()) {
      return;
    }
    if (out.state === "failed") {
      useSaliency.setState({
        status: "failed",
        out,
        message: "The map could not be computed. Try another method.",
      });
      return;
    }
    const map = kept.get(out.id) ?? (await fetchSaliencyMap(out.id));
    kept.set(out.id, map);
    if (kept.size > 12) {
      kept.delete(kept.keys().next().value ?? "");
    }
    if (stillWanted()) {
      useSaliency.setState({ status: "ready", out, map, message: "" });
    }
  } catch (thrown) {
    if (stillWanted()) {
      useSaliency.setState({ ...off, status: "failed", message: asApiError(thrown).message });
    }
  }
}

/** Wait for the socket's word about this map, or for the next look. */
function changedOrLater(id: string): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, pollMs);
    const stop = live.on("saliency.changed", (event) => {
      if (event.object_id === id) {
        done();
      }
    });
  });
}
