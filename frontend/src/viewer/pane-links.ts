/** Side by side, the other viewport follows the active one: the place in the patient, the window, the zoom. */
import { scaleOf } from "../geometry/affine";
import { type LinkName, type PaneId, readingUi, setReadingUi, useReadingUi } from "../state/reading-ui";
import { panes } from "./panes";
import type { ViewState } from "./view-state";

export const linkNames: readonly LinkName[] = ["scroll", "window", "zoom"];

export function toggleLink(name: LinkName): void {
  const { links } = readingUi();
  setReadingUi({ links: { ...links, [name]: !links[name] } });
}

/** CSS pixels for one unit of length: a millimetre where the image has them, else a pixel. */
function magnification({ imageToCanvas, frame }: ViewState): number {
  return scaleOf(imageToCanvas) / (frame?.spacing.mm?.[1] ?? 1);
}

const comparable = (a: ViewState, b: ViewState) =>
  (a.frame?.spacing.mm === null) === (b.frame?.spacing.mm === null);

/** Let `other` show what `view` shows, by the links that are on and by what changed since `before`. */
function bringAlong(view: ViewState, before: ViewState | null, other: PaneId): void {
  const { links } = readingUi();
  const target = panes[other];
  const seen = target.getView();
  if (view.status !== "ready" || seen.status !== "ready" || !view.frame) {
    return;
  }
  if (links.scroll && view.frame !== before?.frame) {
    target.followPlane(view.frame);
  }
  const windowed = view.windowWidth !== before?.windowWidth || view.windowCenter !== before.windowCenter;
  if (links.window && windowed && view.unit === seen.unit && view.windowWidth > 0 && !seen.frame?.color) {
    target.window.set(view.windowCenter, view.windowWidth);
  }
  const wanted = magnification(view);
  if (links.zoom && (!before || wanted !== magnification(before)) && comparable(view, seen)) {
    const factor = wanted / magnification(seen);
    if (Number.isFinite(factor) && Math.abs(factor - 1) > 1e-3) {
      target.zoomBy(factor);
    }
  }
}

/** Begin to link the two viewports; returns how to end it. */
export function linkPanes(): () => void {
  const last: Record<PaneId, ViewState | null> = { left: null, right: null };
  const follow = (pane: PaneId) => () => {
    const view = panes[pane].getView();
    const before = last[pane];
    last[pane] = view;
    const { layout, activePane } = readingUi();
    if (layout !== "1x2") {
      return;
    }
    if (activePane === pane) {
      bringAlong(view, before, pane === "left" ? "right" : "left");
    } else if (view.status === "ready" && (before?.status !== "ready" || view.stack !== before.stack)) {
      // A series that comes into the other viewport joins at once.
      bringAlong(panes[activePane].getView(), null, pane);
    }
  };
  const leave = [
    panes.left.subscribe(follow("left")),
    panes.right.subscribe(follow("right")),
    useReadingUi.subscribe((now, before) => {
      // A link that is made holds at once.
      if (now.links !== before.links && now.layout === "1x2") {
        bringAlong(panes[now.activePane].getView(), null, now.activePane === "left" ? "right" : "left");
      }
    }),
  ];
  return () => {
    for (const end of leave) {
      end();
    }
  };
}
