/** Bring a finding, a comment or a frame onto the screen. */
import { toCanvas } from "../geometry/affine";
import { type ImagePoint, imagePoint } from "../geometry/points";
import { centreOfRuns } from "../geometry/runs";
import { centreOf } from "../geometry/shapes";
import { findingRow } from "../state/reading-findings";
import { reading } from "../state/reading-session";
import type { CommentPin } from "../state/reading-types";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { placedOn } from "./findings-on-frame";
import { openSeries, panes, shownSeries } from "./panes";
import { isHeld } from "./pointer-desk";
import { loadSeriesStack, type SeriesStack } from "./series-stack";
import type { ViewportController } from "./viewport-controller";

interface Address {
  sopInstanceUid: string;
  frameNumber: number;
}

/** The series that holds an image; those on the screen are looked at first. */
async function stackWith(sopInstanceUid: string): Promise<SeriesStack | null> {
  const { workitem } = reading();
  const { activePane, series } = readingUi();
  const first = series[activePane];
  const uids = shownSeries().map((one) => one.series_instance_uid);
  const order = first ? [first, ...uids.filter((uid) => uid !== first)] : uids;
  for (const uid of order) {
    const stack = await loadSeriesStack(workitem?.study.study_instance_uid ?? "", uid).catch(() => null);
    if (stack?.frames.some((frame) => frame.sopInstanceUid === sopInstanceUid)) {
      return stack;
    }
  }
  return null;
}

/** Bring a place that is not on the screen to the middle; what is seen stays where it is, and the zoom as it was. */
function bringIntoView(controller: ViewportController, point: ImagePoint): void {
  const { imageToCanvas, size } = controller.getView();
  const [x, y] = toCanvas(imageToCanvas, point);
  const margin = 0.06 * Math.min(size.width, size.height);
  if (x < margin || y < margin || x > size.width - margin || y > size.height - margin) {
    controller.panBy(size.width / 2 - x, size.height / 2 - y);
  }
}

/** Go to a frame and, when a place is given, bring it into view. */
export async function showPlace(at: Address, place?: ImagePoint): Promise<boolean> {
  const stack = await stackWith(at.sopInstanceUid);
  if (!stack) {
    say("The image of this finding is not in the study any more.");
    return false;
  }
  const { activePane, series } = readingUi();
  if (isHeld(activePane)) {
    return false;
  }
  const controller = panes[activePane];
  if (series[activePane] === stack.seriesUid && controller.getView().stack) {
    controller.stopCine();
    const index = stack.frames.findIndex(
      (frame) => frame.sopInstanceUid === at.sopInstanceUid && frame.frameNumber === at.frameNumber,
    );
    if (index >= 0 && index !== controller.getView().index) {
      await controller.goTo(index);
    }
  } else {
    await openSeries(activePane, stack.seriesUid, at);
  }
  if (place) {
    bringIntoView(controller, place);
  }
  return true;
}

/** Select a finding and show where it lies. */
export async function showFinding(key: string): Promise<void> {
  const row = findingRow(key);
  setReadingUi({ selected: key });
  if (!row) {
    return;
  }
  const { geometry, mask } = row.content;
  if (geometry) {
    const at = { sopInstanceUid: geometry.sop_instance_uid, frameNumber: geometry.frame_number };
    const stack = await stackWith(at.sopInstanceUid);
    const frame = stack?.frames.find(
      (one) => one.sopInstanceUid === at.sopInstanceUid && one.frameNumber === at.frameNumber,
    );
    const points = frame ? placedOn(geometry, frame) : null;
    await showPlace(at, points && points.length > 0 ? centreOf(points) : undefined);
  } else if (mask) {
    const largest = [...mask.frames].sort((a, b) => b.runs.length - a.runs.length)[0];
    const centre = largest ? centreOfRuns(largest.runs, mask.columns) : null;
    if (largest && centre) {
      await showPlace(
        { sopInstanceUid: largest.sop_instance_uid, frameNumber: largest.frame_number },
        imagePoint(centre[0], centre[1]),
      );
    }
  } else if (row.predictionId) {
    const series = reading().predictions.find((one) => one.id === row.predictionId)?.series_instance_uid;
    const { activePane, series: shown } = readingUi();
    if (series && shown[activePane] !== series) {
      await openSeries(activePane, series);
    }
  }
}

export async function showPin(pin: CommentPin): Promise<void> {
  await showPlace(
    { sopInstanceUid: pin.sop_instance_uid, frameNumber: pin.frame_number },
    imagePoint(pin.point[0], pin.point[1]),
  );
}
