import { imageLoader } from "@cornerstonejs/core";
import { wadors } from "@cornerstonejs/dicom-image-loader";
import { ApiError, errorFromAnswer, errorFromSilence } from "../api/errors";
import type { JsonDataset } from "../geometry/dicom-json";
import { type FrameFacts, frameFactsOf } from "../geometry/frame-facts";
import { distanceOffPlane, imageToPatient } from "../geometry/plane";
import { imagePoint } from "../geometry/points";
import { stackOrder } from "../geometry/stack-order";

export interface StackFrame extends FrameFacts {
  imageId: string;
}

/** The frames of one series in reading order. */
export interface SeriesStack {
  studyUid: string;
  seriesUid: string;
  modality: string;
  frames: StackFrame[];
}

const stacks = new Map<string, Promise<SeriesStack>>();

const seriesRoot = (studyUid: string, seriesUid: string) =>
  `${window.location.origin}/dicomweb/studies/${studyUid}/series/${seriesUid}`;

export function thumbnailUrl(studyUid: string, seriesUid: string, size: number): string {
  return `${seriesRoot(studyUid, seriesUid)}/thumbnail?viewport=${size},${size}`;
}

async function fetchMetadata(url: string): Promise<JsonDataset[]> {
  let answer: Response;
  try {
    answer = await fetch(url, { headers: { Accept: "application/dicom+json" }, credentials: "same-origin" });
  } catch {
    throw errorFromSilence();
  }
  if (!answer.ok) {
    throw errorFromAnswer(answer.status, await answer.json().catch(() => undefined));
  }
  return (await answer.json()) as JsonDataset[];
}

/** Millimetres are believed only when the server's own look at the series did not rule them out. */
function spacingAllowed(geometry: Record<string, unknown>): boolean {
  const unit = geometry.length_unit;
  return typeof unit !== "string" || unit === "" || unit.startsWith("mm");
}

async function load(
  studyUid: string,
  seriesUid: string,
  geometry: Record<string, unknown>,
): Promise<SeriesStack> {
  const root = seriesRoot(studyUid, seriesUid);
  const datasets = await fetchMetadata(`${root}/metadata`);
  const frames: StackFrame[] = [];
  const mm = spacingAllowed(geometry);
  for (const dataset of datasets) {
    for (const facts of frameFactsOf(dataset)) {
      const imageId = `wadors:${root}/instances/${facts.sopInstanceUid}/frames/${facts.frameNumber}`;
      if (facts.frameNumber === 1) {
        wadors.metaDataManager.add(
          imageId,
          dataset as unknown as Parameters<typeof wadors.metaDataManager.add>[1],
        );
      }
      frames.push({ ...facts, spacing: mm ? facts.spacing : null, imageId });
    }
  }
  if (frames.length === 0) {
    throw new ApiError({
      status: 0,
      code: "series_without_images",
      message: "This series holds no image that can be shown. Choose another series.",
    });
  }
  return { studyUid, seriesUid, modality: frames[0]?.modality ?? "", frames: stackOrder(frames) };
}

/** Metadata of a series, fetched once; a failure is forgotten so that it can be tried again. */
export function loadSeriesStack(
  studyUid: string,
  seriesUid: string,
  geometry: Record<string, unknown> = {},
): Promise<SeriesStack> {
  const known = stacks.get(seriesUid);
  if (known) {
    return known;
  }
  const loading = load(studyUid, seriesUid, geometry).catch((thrown: unknown) => {
    stacks.delete(seriesUid);
    throw thrown;
  });
  stacks.set(seriesUid, loading);
  return loading;
}

/** Index of the frame whose plane lies nearest to the middle of `frame`; -1 when they share no patient space. */
export function nearestIndex(stack: SeriesStack, frame: StackFrame): number {
  const { plane } = frame;
  if (!plane) {
    return -1;
  }
  const centre = imageToPatient(plane, imagePoint(frame.columns / 2, frame.rows / 2));
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  stack.frames.forEach((other, index) => {
    if (other.plane && other.plane.frameOfReferenceUid === plane.frameOfReferenceUid) {
      const off = distanceOffPlane(other.plane, centre);
      if (off < least) {
        least = off;
        best = index;
      }
    }
  });
  return best;
}

/** Loads frames around the one shown, nearest first, a few at a time, until told to stop. */
export class Prefetch {
  private generation = 0;

  stop(): void {
    this.generation += 1;
  }

  async around(stack: SeriesStack, index: number, most: number): Promise<void> {
    this.generation += 1;
    const mine = this.generation;
    const wanted = stack.frames
      .map((frame, at) => ({ frame, far: Math.abs(at - index) }))
      .sort((a, b) => a.far - b.far)
      .slice(0, most);
    const lanes = Array.from({ length: 3 }, async () => {
      for (let next = wanted.shift(); next && mine === this.generation; next = wanted.shift()) {
        // A frame that fails to load says so when it is shown.
        await imageLoader.loadAndCacheImage(next.frame.imageId).catch(() => undefined);
      }
    });
    await Promise.all(lanes);
  }
}
