import { windowPresets } from "../geometry/window-presets";
import { drawableLayers, toggleLayers } from "../state/reading-layers";
import { readingUi, say, setReadingUi } from "../state/reading-ui";
import { linkNames, toggleLink } from "../viewer/pane-links";
import { activePane, setLayout, stepSeries } from "../viewer/panes";
import { isHeld, takePane } from "../viewer/pointer-desk";
import type { Action } from "./action";

const hasImage = () => activePane().getView().frame !== null;
const hasStack = () => (activePane().getView().stack?.frames.length ?? 0) > 1;
const shownSeriesUid = () => activePane().getView().stack?.seriesUid ?? "";
const count = () => activePane().getView().stack?.frames.length ?? 0;

const slice = (id: string, label: string, keys: string[], run: () => void): Action => ({
  id,
  group: "Image",
  label,
  keys,
  when: hasStack,
  run: () => {
    if (isHeld(readingUi().activePane)) {
      say("The image stays while you draw on it. Let go first.");
    } else {
      run();
    }
  },
  undoable: false,
  repeats: true,
});

const look = (id: string, label: string, keys: string[], run: () => void): Action => ({
  id,
  group: "Image",
  label,
  keys,
  when: hasImage,
  run,
  undoable: false,
});

const presetAt = (index: number) => {
  const { frame } = activePane().getView();
  return frame && !frame.color ? windowPresets(frame)[index] : undefined;
};

const presets: Action[] = Array.from({ length: 9 }, (_, index) => ({
  id: `window.preset.${index + 1}`,
  group: "Image" as const,
  label: () => `Window: ${presetAt(index)?.name ?? "—"}`,
  keys: [String(index + 1)],
  when: () => hasImage() && presetAt(index) !== undefined,
  run: () => {
    const preset = presetAt(index);
    if (preset) {
      activePane().window.preset(preset);
    }
  },
  undoable: false,
}));

export const imageActions: Action[] = [
  slice("slice.previous", "Previous slice", ["ArrowUp", "ArrowLeft"], () => activePane().scroll(-1)),
  slice("slice.next", "Next slice", ["ArrowDown", "ArrowRight"], () => activePane().scroll(1)),
  slice("slice.back", "Ten slices back", ["PageUp"], () => activePane().scroll(-10)),
  slice("slice.on", "Ten slices on", ["PageDown"], () => activePane().scroll(10)),
  slice("slice.first", "First slice", ["Home"], () => void activePane().goTo(0)),
  slice("slice.last", "Last slice", ["End"], () => void activePane().goTo(count() - 1)),
  {
    ...slice("cine.toggle", "Play or stop cine", ["Space"], () => activePane().toggleCine()),
    repeats: false,
  },
  slice("cine.faster", "Cine faster", ["Ctrl+ArrowUp"], () =>
    activePane().setFramesPerSecond(activePane().getView().framesPerSecond + 2),
  ),
  slice("cine.slower", "Cine slower", ["Ctrl+ArrowDown"], () =>
    activePane().setFramesPerSecond(activePane().getView().framesPerSecond - 2),
  ),
  look("series.next", "Next series", ["Shift+ArrowDown"], () => stepSeries(1)),
  look("series.previous", "Previous series", ["Shift+ArrowUp"], () => stepSeries(-1)),
  ...presets,
  look("view.fit", "Fit to window", ["0"], () => activePane().fit()),
  look("view.actual", "One to one pixels", ["Shift+0"], () => activePane().actualSize()),
  { ...look("view.closer", "Zoom in", ["+", "="], () => activePane().zoomBy(1.2)), repeats: true },
  { ...look("view.farther", "Zoom out", ["-"], () => activePane().zoomBy(1 / 1.2)), repeats: true },
  look("view.invert", "Invert grey levels", ["I"], () => activePane().invert()),
  look("view.rotate-right", "Rotate 90° right", ["."], () => activePane().rotate(1)),
  look("view.rotate-left", "Rotate 90° left", [","], () => activePane().rotate(-1)),
  look("view.flip-horizontal", "Flip left to right", ["Shift+H"], () => activePane().flip("horizontal")),
  look("view.flip-vertical", "Flip top to bottom", ["Shift+V"], () => activePane().flip("vertical")),
  look("view.reset", "Reset view", ["Shift+R"], () => activePane().reset()),
  look("layout.toggle", "One or two viewports", ["O"], () =>
    setLayout(readingUi().layout === "1x1" ? "1x2" : "1x1"),
  ),
  look("layout.other", "Other viewport", ["`"], () =>
    takePane(readingUi().activePane === "left" ? "right" : "left"),
  ),
  ...linkNames.map(
    (name): Action => ({
      id: `link.${name}`,
      group: "Image",
      label: `Two viewports: link or unlink ${name}`,
      keys: [],
      when: () => readingUi().layout === "1x2",
      run: () => toggleLink(name),
      undoable: false,
    }),
  ),
  {
    ...look("window.next", "Next window or table of the image", ["Shift+W"], () =>
      activePane().window.next(),
    ),
    when: () => (activePane().getView().frame?.voi.length ?? 0) > 1,
  },
  {
    ...look("view.planes", "Overlay planes of the image", ["Shift+P"], () =>
      setReadingUi({ planes: !readingUi().planes }),
    ),
    when: () => (activePane().getView().frame?.overlays.length ?? 0) > 0,
  },
  {
    ...look("view.layers", "Layers over the images on or off", ["Q"], () => toggleLayers(shownSeriesUid())),
    when: () => hasImage() && drawableLayers(shownSeriesUid()).length > 0,
  },
  look("view.overlays", "Texts on the image", ["Shift+O"], () =>
    setReadingUi({ overlays: !readingUi().overlays }),
  ),
];
