import { imageLoader } from "@cornerstonejs/core";
import { wadors } from "@cornerstonejs/dicom-image-loader";
import { ApiError } from "../api/errors";
import type { FrameFacts } from "../geometry/frame-facts";
import { distanceOffPlane, imageToPatient } from "../geometry/plane";
import { imagePoint } from "../geometry/points";
import { stackOrder } from "../geometry/stack-order";
import { fetchFrameFacts, frameFactsOf, type ServedFacts } from "./frame-facts-read";

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

type Elements = Parameters<typeof wadors.metaDataManager.add>[1];

/** What Cornerstone must know to decode a frame: how its samples lie, nothing of what they mean. */
function decodingElements(served: ServedFacts): Elements {
  const { bits } = served;
  const sent = served.delivery !== "stored";
  const us = (value: number) => ({ vr: "US", Value: [value] });
  const elements = {
    "00080018": { vr: "UI", Value: [served.sop_instance_uid] },
    "00280002": us(served.color || sent ? 3 : 1),
    "00280004": { vr: "CS", Value: [sent ? "RGB" : served.photometric] },
    "00280006": us(sent ? 0 : Number(bits.planar)),
    "00280010": us(served.rows),
    "00280011": us(served.columns),
    "00280100": us(sent ? 8 : bits.allocated),
    "00280101": us(sent ? 8 : bits.stored),
    "00280102": us(sent ? 7 : bits.high),
    "00280103": us(sent ? 0 : Number(bits.signed)),
    ...(served.color || sent
      ? {}
      : {
          "00281052": { vr: "DS", Value: [served.values.intercept] },
          "00281053": { vr: "DS", Value: [served.values.slope] },
        }),
  };
  return elements as unknown as Elements;
}

async function load(studyUid: string, seriesUid: string): Promise<SeriesStack> {
  const root = seriesRoot(studyUid, seriesUid);
  const frames: StackFrame[] = [];
  for (const served of await fetchFrameFacts(studyUid, seriesUid)) {
    const imageId = `wadors:${root}/instances/${served.sop_instance_uid}/frames/${served.frame_number}`;
    wadors.metaDataManager.add(imageId, decodingElements(served));
    frames.push({ ...frameFactsOf(served), imageId });
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

/** The facts of a series, fetched once; a failure is forgotten so that it can be tried again. */
export function loadSeriesStack(studyUid: string, seriesUid: string): Promise<SeriesStack> {
  const known = stacks.get(seriesUid);
  if (known) {
    return known;
  }
  const loading = load(studyUid, seriesUid).catch((thrown: unknown) => {
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
