import { ApiError } from "../api/errors";
import { live } from "../api/live";
import type { FrameFacts } from "../geometry/frame-facts";
import type { GreyWindow } from "../geometry/grey-levels";
import { distanceOffPlane, imageToPatient } from "../geometry/plane";
import { imagePoint } from "../geometry/points";
import { fetchFrameFacts, frameFactsOf, type ServedFacts } from "./frame-facts-read";

export interface StackFrame extends FrameFacts {
  imageId: string;
  /** Of its stored samples. */
  address: string;
  /** Of its own resources under the API's root. */
  path: `studies/${string}/series/${string}/instances/${string}/frames/${string}`;
  /** In the server's list of the series' frames, from 0. */
  place: number;
  /** As the server said it. */
  served: ServedFacts;
  /** The window that the values of the whole series suggest, for images that name none. */
  found: GreyWindow | null;
}

/** The frames of one series in reading order, as the server lists them. */
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

async function load(studyUid: string, seriesUid: string): Promise<SeriesStack> {
  const root = seriesRoot(studyUid, seriesUid);
  const answer = await fetchFrameFacts(studyUid, seriesUid);
  const window = answer.window;
  const found: GreyWindow | null =
    window && window.center !== null && window.width !== null
      ? { kind: "window", center: window.center, width: window.width, function: window.function }
      : null;
  const frames = answer.frames.map((served, place): StackFrame => {
    // Frames are kept by the browser for ever: another version of the instance, and what another revision of the
    // server makes of it, have another address.
    const which = `?v=${answer.replaced[served.sop_instance_uid] ?? 1}.${answer.revision}`;
    const below = `instances/${served.sop_instance_uid}/frames/${served.frame_number}` as const;
    return {
      ...frameFactsOf(served),
      imageId: `wadors:${root}/${below}${which}`,
      address: `${root}/${below}${which}`,
      path: `studies/${studyUid}/series/${seriesUid}/${below}`,
      place,
      served,
      found,
    };
  });
  if (frames.length === 0) {
    throw new ApiError({
      status: 0,
      code: "series_without_images",
      message: "This series holds no image that can be shown. Choose another series.",
    });
  }
  return { studyUid, seriesUid, modality: frames[0]?.modality ?? "", frames };
}

const forgetStacks = () => stacks.clear();
live.on("study.changed", forgetStacks);
live.onResync(forgetStacks);

/**
 * The facts of a series, fetched once until something came to a study or was replaced in one: what is on the screen
 * stays until the series is opened again. A failure is forgotten so that it can be tried again.
 */
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
