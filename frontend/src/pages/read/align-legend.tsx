import { gradientOf } from "../../geometry/colormaps";
import { useRegistration } from "../../state/reading-registration";
import { errorMost, registrationOver, sharesWindow } from "../../viewer/paint-registration";
import { errorColors, fusionColors } from "../../viewer/registration-pictures";
import type { ViewState } from "../../viewer/view-state";
import { methodWords, seriesWords, wayWords, wordOf } from "./align-words";
import classes from "./viewport.module.css";

/** Whose pixels lie over the image: the other study's day stands beside them as long as they do. */
export function AlignLegend({ view }: { view: ViewState }) {
  const { way, alone } = useRegistration();
  const one = view.frame ? registrationOver(view.frame) : undefined;
  if (!one) {
    return null;
  }
  const blended = !alone && way === "fusion";
  const error = !alone && way === "error";
  return (
    <div className={classes.legend} data-testid="align-legend">
      <strong>{alone ? "Only the other series" : wayWords[way]}</strong>
      <div className={classes.legendSaid}>{seriesWords(one.moving)}</div>
      {blended || error ? (
        <div
          className={classes.legendBar}
          style={{ background: gradientOf(error ? errorColors : fusionColors) }}
        />
      ) : null}
      {error ? (
        <div className={classes.legendEnds}>
          <span>0</span>
          <span>mm</span>
          <span>{errorMost(one)}+</span>
        </div>
      ) : null}
      {error ? (
        <div>How far forth and back disagree</div>
      ) : (
        <div>{sharesWindow(one) ? "In the window on the screen" : "In the range of its own values"}</div>
      )}
      <div>
        {methodWords[one.method]} · {wordOf(one)}
      </div>
    </div>
  );
}
