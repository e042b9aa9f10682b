import { Tooltip } from "@mantine/core";
import {
  IconAdjustments,
  IconArrowBackUp,
  IconArrowForwardUp,
  IconArrowsMove,
  IconArrowsVertical,
  IconBrush,
  IconCircleHalf2,
  IconColumns2,
  IconEraser,
  IconFlipHorizontal,
  IconFlipVertical,
  IconKeyboard,
  IconMaximize,
  IconMessagePin,
  IconPlayerPlay,
  IconPointer,
  IconRefresh,
  IconRotateClockwise,
  IconZoomIn,
} from "@tabler/icons-react";
import { isPossible, labelOf } from "../../actions/action";
import { actionById, perform } from "../../actions/action-table";
import { shownKey } from "../../actions/keys";
import { useFindings } from "../../state/reading-findings";
import { useReading } from "../../state/reading-session";
import { useReadingUi } from "../../state/reading-ui";
import type { Icon } from "../../viewer/kind";
import { shapes } from "../../viewer/shape-kinds";
import classes from "./read.module.css";

const rail: ([string, Icon] | null)[] = [
  ["tool.select", IconPointer],
  ["tool.window", IconAdjustments],
  ["tool.zoom", IconZoomIn],
  ["tool.pan", IconArrowsMove],
  ["tool.scroll", IconArrowsVertical],
  null,
  ...shapes.map((shape): [string, Icon] => [`tool.${shape.name}`, shape.icon]),
  ["tool.brush", IconBrush],
  ["tool.eraser", IconEraser],
  ["tool.comment", IconMessagePin],
  null,
  ["view.fit", IconMaximize],
  ["view.invert", IconCircleHalf2],
  ["view.rotate-right", IconRotateClockwise],
  ["view.flip-horizontal", IconFlipVertical],
  ["view.flip-vertical", IconFlipHorizontal],
  ["view.reset", IconRefresh],
  ["cine.toggle", IconPlayerPlay],
  ["layout.toggle", IconColumns2],
  null,
  ["undo", IconArrowBackUp],
  ["redo", IconArrowForwardUp],
  ["help.keys", IconKeyboard],
];

/** The tools, each with its key. */
export function ToolRail() {
  const tool = useReadingUi((state) => state.tool);
  useReadingUi((state) => state.correcting);
  useReading((state) => state.workitem);
  useFindings((state) => state.past.length + state.future.length);
  return (
    <div className={classes.rail} role="toolbar" aria-label="Tools" aria-orientation="vertical">
      {rail.map((entry, index) => {
        if (entry === null) {
          // biome-ignore lint/suspicious/noArrayIndexKey: gaps never move
          return <span key={`gap-${index}`} className={classes.railGap} aria-hidden />;
        }
        const [id, Mark] = entry;
        const action = actionById(id);
        if (!action) {
          return null;
        }
        const label = labelOf(action);
        const drawing = id.startsWith("tool.") || id === "undo" || id === "redo";
        return (
          <Tooltip key={id} label={`${label} (${action.keys.map(shownKey).join(" or ")})`} position="right">
            <button
              type="button"
              className={classes.tool}
              aria-label={label}
              aria-pressed={id.startsWith("tool.") ? id === `tool.${tool}` : undefined}
              data-active={id === `tool.${tool}`}
              data-testid={id.replace(".", "-")}
              disabled={drawing && !isPossible(action)}
              onClick={(event) => {
                event.currentTarget.blur();
                if (isPossible(action)) {
                  perform(action);
                }
              }}
            >
              <Mark size={18} stroke={1.6} />
            </button>
          </Tooltip>
        );
      })}
    </div>
  );
}
