export type ActionGroup =
  | "Image"
  | "Tools"
  | "Findings"
  | "Image labels"
  | "AI"
  | "Align"
  | "Review"
  | "Case"
  | "Help";

/** One verb. The hot keys, the cheat sheet and the command palette are made from the table of these. */
export interface Action {
  id: string;
  group: ActionGroup;
  label: string | (() => string);
  /** As `keyName` writes them; empty when it is only in the palette. */
  keys: readonly string[];
  /** Whether it makes sense now; without it, always. */
  when?: () => boolean;
  run: () => void | Promise<void>;
  /** Whether Ctrl+Z takes it back. */
  undoable: boolean;
  /** Keys that may repeat while held down. */
  repeats?: boolean;
}

export const labelOf = (action: Action): string =>
  typeof action.label === "string" ? action.label : action.label();

export const isPossible = (action: Action): boolean => action.when?.() ?? true;
