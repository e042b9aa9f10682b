import {
  canAlign,
  decideRegistration,
  flicker,
  nextWay,
  shownRegistration,
  useRegistration,
} from "../state/reading-registration";
import { setReadingUi } from "../state/reading-ui";
import type { Action } from "./action";

const shown = () => shownRegistration()?.state === "finished";
const blended = () => shown() && !useRegistration.getState().alone;

const fade = (step: number) =>
  useRegistration.setState((state) => ({ opacity: Math.min(1, Math.max(0.05, state.opacity + step)) }));

export const alignActions: Action[] = [
  {
    id: "align.open",
    group: "Align",
    label: "Align with another series…",
    keys: ["Shift+Q"],
    when: () => canAlign(useRegistration.getState().pairs) || useRegistration.getState().list.length > 0,
    run: () => setReadingUi({ tab: "align" }),
    undoable: false,
  },
  {
    id: "align.flicker",
    group: "Align",
    label: "The other series alone, or this one (flicker)",
    keys: ["P"],
    when: shown,
    run: flicker,
    undoable: false,
  },
  {
    id: "align.way",
    group: "Align",
    label: "Next way to look: blended, squares, how sure",
    keys: ["Shift+G"],
    when: shown,
    run: nextWay,
    undoable: false,
  },
  {
    id: "align.stronger",
    group: "Align",
    label: "The other series stronger",
    keys: [">"],
    when: blended,
    run: () => fade(0.1),
    undoable: false,
    repeats: true,
  },
  {
    id: "align.fainter",
    group: "Align",
    label: "The other series fainter",
    keys: ["<"],
    when: blended,
    run: () => fade(-0.1),
    undoable: false,
    repeats: true,
  },
  {
    id: "align.accept",
    group: "Align",
    label: "Accept the alignment",
    keys: ["Shift+T"],
    when: shown,
    run: () => decideRegistration("accepted"),
    undoable: false,
  },
  {
    id: "align.reject",
    group: "Align",
    label: "Reject the alignment",
    keys: ["Shift+N"],
    when: shown,
    run: () => decideRegistration("rejected"),
    undoable: false,
  },
];
