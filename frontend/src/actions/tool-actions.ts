import { mayAdd } from "../state/reading-may";
import { readingUi, setBrushRadius, type ToolName } from "../state/reading-ui";
import { deskOf, takeTool } from "../viewer/pointer-desk";
import { shapes } from "../viewer/shape-kinds";
import type { Action } from "./action";

const tool = (name: ToolName, label: string, key: string, when?: () => boolean): Action => ({
  id: `tool.${name}`,
  group: "Tools",
  label,
  keys: [key],
  when,
  run: () => takeTool(name),
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
  ...shapes.map((shape) => tool(shape.name, shape.word, shape.key, mayDraw)),
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
    when: () => deskOf(readingUi().activePane)?.drawing.closable === true,
    run: () => deskOf(readingUi().activePane)?.drawing.finish(),
    undoable: false,
  },
  {
    id: "tool.step-back",
    group: "Tools",
    label: "Remove the last corner",
    keys: ["Backspace"],
    when: () => deskOf(readingUi().activePane)?.drawing.open === true,
    run: () => deskOf(readingUi().activePane)?.drawing.back(),
    undoable: false,
  },
];
