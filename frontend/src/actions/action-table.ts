import { type Action, isPossible } from "./action";
import { aiActions } from "./ai-actions";
import { alignActions } from "./align-actions";
import { caseActions } from "./case-actions";
import { findingActions } from "./finding-actions";
import { imageActions } from "./image-actions";
import { keyName } from "./keys";
import { labelActions } from "./label-actions";
import { actionPorts } from "./ports";
import { reviewActions } from "./review-actions";
import { toolActions } from "./tool-actions";

/** Every verb of the reading page. Where two share a key, the first possible one is done. */
export const actionTable: readonly Action[] = [
  ...toolActions,
  ...reviewActions,
  ...aiActions,
  ...alignActions,
  ...imageActions,
  ...findingActions,
  ...labelActions,
  ...caseActions,
];

const byKey = new Map<string, Action[]>();
for (const action of actionTable) {
  for (const key of action.keys) {
    byKey.set(key, [...(byKey.get(key) ?? []), action]);
  }
}

export const actionById = (id: string): Action | undefined => actionTable.find((action) => action.id === id);

/** Do it, and show what went wrong. */
export function perform(action: Action): void {
  try {
    const result = action.run();
    if (result instanceof Promise) {
      result.catch((thrown: unknown) => actionPorts().reportProblem(thrown));
    }
  } catch (thrown) {
    actionPorts().reportProblem(thrown);
  }
}

export function performById(id: string): void {
  const action = actionById(id);
  if (action && isPossible(action)) {
    perform(action);
  }
}

/** The action that a key press asks for now. */
export function actionForKey(event: KeyboardEvent): Action | undefined {
  return byKey.get(keyName(event))?.find((action) => isPossible(action) && (action.repeats || !event.repeat));
}
