import { figures } from "../../geometry/measure";
import { edgesOnScreen } from "../../geometry/orientation";
import { scaleBarOf } from "../../geometry/scale-bar";
import { useReading } from "../../state/reading-session";
import { useReadingUi } from "../../state/reading-ui";
import type { ViewState } from "../../viewer/view-state";
import classes from "./viewport.module.css";
import { ageOf, dayOf, nameOf } from "./words";

const value = (number: number) => (Math.abs(number) >= 10 ? Math.round(number).toString() : figures(number));

/** Which of a paired body part; the letters at the edges may be turned, this is not. */
const sideWords: Record<string, string> = { R: "Right side", L: "Left side", B: "Both sides" };

const letterAt = {
  top: classes.letterTop,
  bottom: classes.letterBottom,
  left: classes.letterLeft,
  right: classes.letterRight,
};

function windowText(view: ViewState): string {
  const name = view.windowName ? `  (${view.windowName})` : "";
  const unit = view.unit ? ` ${view.unit}` : "";
  return `W ${value(view.windowWidth)}  L ${value(view.windowCenter)}${unit}${name}`;
}

/** Everything that is written on the image: who, what, where, how it is shown. */
export function ViewportTexts({ view }: { view: ViewState }) {
  const workitem = useReading((state) => state.workitem);
  const planesShown = useReadingUi((state) => state.planes);
  const { frame, stack } = view;
  const series = workitem?.series.find((one) => one.series_instance_uid === stack?.seriesUid);
  if (!frame || !stack || !workitem) {
    return null;
  }
  const letters = frame.edges ? edgesOnScreen(frame.edges, view.imageToCanvas) : null;
  const bar = scaleBarOf(view.imageToCanvas, frame.spacing, view.size.width * 0.22);
  const { study } = workitem;
  const names = frame.overlays.map((plane) => plane.label || "graphics").join(", ");
  const planes = names ? `Overlay ${planesShown ? "" : "hidden "}(Shift+P): ${names}` : "";
  const turned = [
    view.rotation ? `rotated ${view.rotation}°` : "",
    view.flipped.horizontal ? "flipped L–R" : "",
    view.flipped.vertical ? "flipped T–B" : "",
    view.inverted !== frame.inverted ? "inverted" : "",
  ].filter(Boolean);
  return (
    <>
      <div className={`${classes.note} ${classes.topLeft}`} data-testid="overlay-patient">
        {[
          nameOf(study.patient_name),
          [study.patient_id, study.patient_sex, ageOf(study.patient_age)].filter(Boolean).join("  "),
          [dayOf(study.study_date), study.study_description].filter(Boolean).join("  "),
        ].join("\n")}
      </div>
      <div className={`${classes.note} ${classes.topRight}`} data-testid="overlay-series">
        {[
          `${stack.modality}  ${series?.series_number ?? ""}`.trim(),
          series?.series_description ?? "",
          `${frame.columns} × ${frame.rows}`,
          sideWords[frame.laterality] ?? "",
        ].join("\n")}
      </div>
      <div className={`${classes.note} ${classes.bottomLeft}`} data-testid="overlay-view">
        {[
          turned.join(", "),
          frame.color ? "Colour" : windowText(view),
          frame.suv && frame.suv.factor === null ? frame.suv.words : "",
          frame.ownColors ? "In the image's own colours" : "",
          ...frame.undrawn,
          planes,
          `Zoom ${Math.round(view.zoom * 100)} %`,
          `Image ${view.index + 1} / ${stack.frames.length}${view.playing ? `  ▶ ${Math.round(view.framesPerSecond)} fps` : ""}`,
        ]
          .filter(Boolean)
          .join("\n")}
      </div>
      {letters
        ? (["top", "bottom", "left", "right"] as const).map((edge) => (
            <div
              key={edge}
              className={`${classes.note} ${classes.letter} ${letterAt[edge]}`}
              data-testid={`orientation-${edge}`}
            >
              {letters[edge]}
            </div>
          ))
        : null}
      {bar ? (
        <div className={`${classes.note} ${classes.scale}`} data-testid="scale-bar">
          {bar.label}
          <div className={classes.scaleLine} style={{ width: bar.length }} />
          {bar.source}
        </div>
      ) : null}
    </>
  );
}
