import { requestPredictions } from "../state/reading-api";
import {
  hideSaliency,
  mapsOffered,
  saliencyTarget,
  showSaliency,
  useSaliency,
} from "../state/reading-saliency";
import { reading, session } from "../state/reading-session";
import { readingUi, say, setReadingUi, setSaliency } from "../state/reading-ui";
import type { Action } from "./action";

export function toggleSaliency(): void {
  if (readingUi().saliency.on) {
    hideSaliency();
  } else {
    void showSaliency();
  }
}

const shown = () => readingUi().saliency.on && useSaliency.getState().status === "ready";

export const aiActions: Action[] = [
  {
    id: "saliency.toggle",
    group: "AI",
    label: "Saliency map on or off",
    keys: ["S"],
    when: () => readingUi().saliency.on || saliencyTarget() !== null,
    run: toggleSaliency,
    undoable: false,
  },
  {
    id: "saliency.method",
    group: "AI",
    label: "Next saliency method",
    keys: ["Shift+S"],
    when: () => readingUi().saliency.on && mapsOffered().length > 1,
    run: () => {
      const methods = mapsOffered();
      const at = methods.findIndex((offer) => offer.method === readingUi().saliency.method);
      void showSaliency(methods[(at + 1) % methods.length]?.method);
    },
    undoable: false,
  },
  {
    id: "saliency.stronger",
    group: "AI",
    label: "Saliency map stronger",
    keys: ["Shift+ArrowRight"],
    when: shown,
    run: () => setSaliency({ opacity: Math.min(1, readingUi().saliency.opacity + 0.1) }),
    undoable: false,
    repeats: true,
  },
  {
    id: "saliency.fainter",
    group: "AI",
    label: "Saliency map fainter",
    keys: ["Shift+ArrowLeft"],
    when: shown,
    run: () => setSaliency({ opacity: Math.max(0.05, readingUi().saliency.opacity - 0.1) }),
    undoable: false,
    repeats: true,
  },
  {
    id: "ai.hide",
    group: "AI",
    label: "Hide or show model findings on the image",
    keys: ["Shift+I"],
    run: () => setReadingUi({ modelHidden: !readingUi().modelHidden }),
    undoable: false,
  },
  {
    id: "ai.predict",
    group: "AI",
    label: "Ask the model for a prediction",
    keys: [],
    when: () => reading().workitem !== null,
    run: async () => {
      const { workitem } = reading();
      if (workitem) {
        await requestPredictions(workitem.id);
        say("Prediction requested. It appears here when it is done.");
        await session.refresh();
      }
    },
    undoable: false,
  },
];
