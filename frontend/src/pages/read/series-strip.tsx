import { useState } from "react";
import { useReading } from "../../state/reading-session";
import type { SeriesOut } from "../../state/reading-types";
import { useReadingUi } from "../../state/reading-ui";
import { TextLink } from "../../ui/links";
import { openSeries } from "../../viewer/panes";
import { thumbnailUrl } from "../../viewer/series-stack";
import classes from "./read.module.css";

function SeriesButton({ series, studyUid }: { series: SeriesOut; studyUid: string }) {
  const shown = useReadingUi(
    (state) =>
      state.series.left === series.series_instance_uid ||
      (state.layout === "1x2" && state.series.right === series.series_instance_uid),
  );
  const pane = useReadingUi((state) => state.activePane);
  const [broken, setBroken] = useState(false);
  const name = series.series_description || `Series ${series.series_number ?? ""}`;
  if (!series.displayable) {
    return (
      <TextLink
        to="/studies/$uid"
        params={{ uid: studyUid }}
        className={classes.series}
        underline="never"
        title={`${name}: ${series.kind_words}, opens what the study holds besides images`}
        data-testid="series-other"
        data-kind={series.kind}
      >
        <span className={classes.seriesPicture}>{series.kind_words}</span>
        <span className={classes.seriesText}>
          {series.modality} {series.series_number ?? ""} · {series.instances}
        </span>
        <span className={classes.seriesText}>{name}</span>
      </TextLink>
    );
  }
  return (
    <button
      type="button"
      className={classes.series}
      data-shown={shown}
      data-testid="series-button"
      aria-pressed={shown}
      title={
        series.outside_question
          ? `${name}. Not part of this project's question: ${series.outside_question}. It is shown, and no model learns from it or is asked about it.`
          : name
      }
      onClick={() => void openSeries(pane, series.series_instance_uid)}
    >
      <span className={classes.seriesPicture}>
        {!broken ? (
          <img
            src={thumbnailUrl(studyUid, series.series_instance_uid, 128)}
            alt=""
            loading="lazy"
            onError={() => setBroken(true)}
          />
        ) : (
          series.modality
        )}
      </span>
      <span className={classes.seriesText}>
        {series.modality} {series.series_number ?? ""} · {series.frames || series.instances}
      </span>
      <span className={classes.seriesText}>{name}</span>
      {series.outside_question ? (
        <span className={classes.seriesOutside} data-testid="series-outside-question">
          Not asked: {series.outside_question}
        </span>
      ) : null}
    </button>
  );
}

/** The series of the study with a picture each; a press shows one in the active viewport. */
export function SeriesStrip() {
  const workitem = useReading((state) => state.workitem);
  return (
    <nav className={classes.strip} aria-label="Series">
      {workitem?.series.map((series) => (
        <SeriesButton
          key={series.series_instance_uid}
          series={series}
          studyUid={workitem.study.study_instance_uid}
        />
      ))}
    </nav>
  );
}
