import { mayAdd } from "../state/reading-may";
import { readingUi, setBrushRadius, setReadingUi, type ToolName } from "../state/reading-ui";
import { deskOf } from "../viewer/pointer-desk";
import type { Action } from "./action";

function take(tool: ToolName): void {
  deskOf(readingUi().activePane)?.escape();
  setReadingUi({ tool, typing: null });
}

const tool = (name: ToolName, label: string, key: string, when?: () => boolean): Action => ({
  id: `tool.${name}`,
  group: "Tools",
  label,
  keys: [key],
  when,
  run: () => take(name),
  undoable: false,
});

const mayDraw = () => mayAdd() || readingUi().correcting !== null;
const painting = () => ["brush", "eraser"].includes(readingUi().tool);

export const toolActions: Action[] = [
  tool("select", "Select and move", "V"),
  tool("window", "Window", "W"),
  tool("zoom", "Zoom", "Z"),
  tool("pan", "Pan", "H"),
  tool("scroll", "Scroll", "Y"),
  tool("length", "Length", "L", mayDraw),
  tool("rectangle", "Rectangle", "R", mayDraw),
  tool("ellipse", "Ellipse", "E", mayDraw),
  tool("polygon", "Polygon", "G", mayDraw),
  tool("freehand", "Freehand contour", "F", mayDraw),
  tool("point", "Point with text", "T", mayDraw),
  tool("brush", "Brush", "B", mayDraw),
  tool("eraser", "Eraser", "D", mayDraw),
  tool("comment", "Comment on the image", "M"),
  {
    id: "brush.smaller",
    group: "Tools",
    label: "Smaller brush",
    keys: ["["],
    when: painting,
    run: () => setBrushRadius(Math.min(readingUi().brushRadius - 1, readingUi().brushRadius / 1.15)),
    undoable: false,
    repeats: true,
  },
  {
    id: "brush.larger",
    group: "Tools",
    label: "Larger brush",
    keys: ["]"],
    when: painting,
    run: () => setBrushRadius(Math.max(readingUi().brushRadius + 1, readingUi().brushRadius * 1.15)),
    undoable: false,
    repeats: true,
  },
  {
    id: "tool.finish",
    group: "Tools",
    label: "Close the polygon",
    keys: ["Enter"],
    when: () => deskOf(readingUi().activePane)?.polygon.open === true,
    run: () => deskOf(readingUi().activePane)?.polygon.finish(),
    undoable: false,
  },
  {
    id: "tool.step-back",
    group: "Tools",
    label: "Remove the last corner",
    keys: ["Backspace"],
    when: () => deskOf(readingUi().activePane)?.polygon.open === true,
    run: () => deskOf(readingUi().activePane)?.polygon.back(),
    undoable: false,
  },
];
