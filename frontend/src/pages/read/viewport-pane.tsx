import { Loader } from "@mantine/core";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { asApiError } from "../../api/errors";
import { loadLayers } from "../../state/reading-layers";
import { useReading } from "../../state/reading-session";
import type { PaneId } from "../../state/reading-ui";
import { useReadingUi } from "../../state/reading-ui";
import { Layers } from "../../viewer/layers";
import { openSeries, panes, shownSeries } from "../../viewer/panes";
import { PointerDesk, registerDesk } from "../../viewer/pointer-desk";
import { Legends } from "./legends";
import { TypingBox } from "./typing-box";
import classes from "./viewport.module.css";
import { ViewportTexts } from "./viewport-texts";

/** One viewport: Cornerstone's picture, two canvases of ours over it, and texts. */
export function ViewportPane({ pane }: { pane: PaneId }) {
  const controller = panes[pane];
  const picture = useRef<HTMLDivElement>(null);
  const under = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const surface = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const tool = useReadingUi((state) => state.tool);
  const active = useReadingUi((state) => state.activePane === pane);
  const overlays = useReadingUi((state) => state.overlays);
  const view = useSyncExternalStore(controller.subscribe, controller.getView);

  useEffect(() => {
    const [image, below, above, touch] = [picture.current, under.current, over.current, surface.current];
    if (!image || !below || !above || !touch) {
      return undefined;
    }
    controller.mount(image);
    const layers = new Layers(controller, below, above);
    const desk = new PointerDesk(pane, controller, layers, touch, (text) => {
      if (readout.current) {
        readout.current.textContent = text;
      }
    });
    const leave = registerDesk(pane, desk);
    const wanted = useReadingUi.getState().series;
    const list = shownSeries();
    const first = wanted[pane] ?? (pane === "right" ? list[1] : list[0])?.series_instance_uid ?? wanted.left;
    if (first) {
      void openSeries(pane, first);
    }
    return () => {
      leave();
      desk.dispose();
      layers.dispose();
      controller.unmount();
    };
  }, [controller, pane]);

  const studyUid = useReading((state) => state.workitem?.study.study_instance_uid);
  const revealed = useReading((state) => state.workitem?.reveal_ai);
  const held = useReading((state) =>
    state.workitem?.series.map((one) => `${one.series_instance_uid} ${one.instances}`).join(),
  );
  const seriesUid = view.stack?.seriesUid;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what may be seen and what is held decide the answer
  useEffect(() => {
    if (studyUid && seriesUid) {
      void loadLayers(studyUid, seriesUid);
    }
  }, [studyUid, seriesUid, revealed, held]);

  return (
    <section
      className={classes.pane}
      data-testid={`viewport-${pane}`}
      data-active={active}
      data-status={view.status}
      data-index={view.index}
      data-sop={view.frame?.sopInstanceUid ?? ""}
      aria-label={pane === "left" ? "Image" : "Second image"}
    >
      <div ref={picture} className={classes.picture} data-testid="viewport-picture" />
      <canvas ref={under} className={classes.layer} data-testid="layer-pixels" />
      <canvas ref={over} className={classes.layer} data-testid="layer-lines" />
      <div
        ref={surface}
        className={classes.surface}
        data-testid="viewport-surface"
        data-tool={tool}
        role="application"
        aria-label="Image area. Arrow keys scroll, question mark lists all keys."
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys and the pointer
        tabIndex={0}
      />
      <span ref={readout} className={`${classes.note} ${classes.bottomRight}`} data-testid="pixel-value" />
      {overlays ? <ViewportTexts view={view} /> : null}
      <Legends view={view} />
      <TypingBox pane={pane} />
      {view.status === "loading" ? (
        <div className={classes.middle} role="status">
          <span>
            <Loader size="sm" /> <br /> Loading images…
          </span>
        </div>
      ) : null}
      {view.status === "failed" ? (
        <div className={classes.middle} role="alert" data-testid="viewport-problem">
          <span>
            This image cannot be shown.
            <br />
            {asApiError(view.problem).message}
          </span>
        </div>
      ) : null}
    </section>
  );
}
