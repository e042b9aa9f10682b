import { useCalibrations } from "../state/reading-calibrations";
import { reading } from "../state/reading-session";
import type { PaneId } from "../state/reading-ui";
import { readingUi, setReadingUi } from "../state/reading-ui";
import { ViewportController } from "./viewport-controller";

/** The two viewports of the reading page; they live as long as the program. */
export const panes: Record<PaneId, ViewportController> = {
  left: new ViewportController("left"),
  right: new ViewportController("right"),
};

useCalibrations.subscribe(() => {
  panes.left.respace();
  panes.right.respace();
});

export const activePane = (): ViewportController => panes[readingUi().activePane];

/** Show a series of the present study in a pane, starting at a frame if one is named. */
export async function openSeries(
  pane: PaneId,
  seriesUid: string,
  at?: { sopInstanceUid: string; frameNumber: number },
): Promise<void> {
  const { workitem } = reading();
  const series = workitem?.series.find((one) => one.series_instance_uid === seriesUid);
  if (!workitem || !series) {
    return;
  }
  setReadingUi({ series: { ...readingUi().series, [pane]: seriesUid } });
  await panes[pane].showSeries(workitem.study.study_instance_uid, seriesUid, at);
}

/** Series that can be shown, in the order of the list. */
export const shownSeries = () => reading().workitem?.series.filter((series) => series.displayable) ?? [];

/** One series on in the list, in the active pane. */
export function stepSeries(step: 1 | -1): void {
  const list = shownSeries();
  const { activePane: pane, series } = readingUi();
  const at = list.findIndex((one) => one.series_instance_uid === series[pane]);
  const next = list[at + step];
  if (next) {
    void openSeries(pane, next.series_instance_uid);
  }
}

export function setLayout(layout: "1x1" | "1x2"): void {
  setReadingUi({ layout, activePane: layout === "1x1" ? "left" : readingUi().activePane });
}
