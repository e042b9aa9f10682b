import { useEffect } from "react";
import { actionForKey, perform } from "../../actions/action-table";
import { isTyping } from "../../actions/keys";
import { readingUi } from "../../state/reading-ui";

/** Keys that a focused control needs for itself. */
function belongsTo(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  const role = target.getAttribute("role");
  const slides = role === "slider" || (target instanceof HTMLInputElement && target.type === "radio");
  if (slides && key.startsWith("Arrow")) {
    return true;
  }
  const toggles = target instanceof HTMLInputElement && target.type === "checkbox";
  const presses = target.tagName === "BUTTON" || target.tagName === "A" || toggles || role === "option";
  return presses && (key === "Enter" || key === " ");
}

/** A button pressed with the mouse gives the keys back to the image. */
function letGo(event: MouseEvent): void {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (event.detail > 0 && button?.closest("[data-keys-to-image]")) {
    button.blur();
  }
}

/** One listener for all keys of the reading page; dialogs and text fields keep theirs. */
export function useHotkeys(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const { dialog } = readingUi();
      if (event.defaultPrevented || event.isComposing) {
        return;
      }
      if (isTyping(event.target)) {
        // Ctrl+Enter in a finding's own fields hands in or signs, with what was typed just now.
        const through =
          event.target instanceof HTMLElement && event.target.closest("[data-ends-with-ctrl-enter]");
        if (!through || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) {
          return;
        }
      } else if (belongsTo(event.target, event.key)) {
        return;
      }
      if (dialog !== null && !(dialog === "cheat-sheet" && event.key === "?")) {
        return;
      }
      if (document.querySelector("[role=dialog], .mantine-Spotlight-body") && dialog === null) {
        return;
      }
      const action = actionForKey(event);
      if (action) {
        event.preventDefault();
        perform(action);
      }
    };
    // An open tooltip takes Escape for itself and lets nobody else hear it: the page listens before it does.
    const escaped = (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        pressed(event);
      }
    };
    window.addEventListener("keydown", escaped, { capture: true });
    window.addEventListener("keydown", pressed);
    window.addEventListener("click", letGo);
    return () => {
      window.removeEventListener("keydown", escaped, { capture: true });
      window.removeEventListener("keydown", pressed);
      window.removeEventListener("click", letGo);
    };
  }, []);
}
