/** Gestures that change the view and never a finding. */
import type { Bench, Gesture, Spot } from "./gesture";

function following(step: (dx: number, dy: number, spot: Spot) => void, start: Spot): Gesture {
  let last = start.canvas;
  return {
    move(spot) {
      step(spot.canvas[0] - last[0], spot.canvas[1] - last[1], spot);
      last = spot.canvas;
    },
    end() {},
    cancel() {},
  };
}

/** Right widens, down darkens, in proportion to the present width. */
export function windowGesture({ controller }: Bench, start: Spot): Gesture {
  const begun = controller.getView();
  const least = begun.windowWidth > 50 ? 1 : Math.max(1e-6, begun.windowWidth / 500);
  let width = begun.windowWidth;
  let center = begun.windowCenter;
  return following((dx, dy) => {
    const pace = Math.max(width, least * 20) / 250;
    width = Math.max(least, width + dx * pace);
    center += dy * pace;
    controller.window.set(center, width);
  }, start);
}

export const panGesture = ({ controller }: Bench, start: Spot): Gesture =>
  following((dx, dy) => controller.panBy(dx, dy), start);

export const zoomGesture = ({ controller }: Bench, start: Spot): Gesture =>
  following((_dx, dy) => controller.zoomBy(1.008 ** -dy, start.canvas), start);

export function scrollGesture({ controller }: Bench, start: Spot): Gesture {
  let left = 0;
  return following((_dx, dy) => {
    left += dy / 8;
    const frames = Math.trunc(left);
    if (frames !== 0) {
      left -= frames;
      controller.scroll(frames);
    }
  }, start);
}
