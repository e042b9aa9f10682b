/** The name of a pressed key: "Ctrl+Shift+Z", "Alt+1", "[", "?", "ArrowUp". */
export function keyName(event: {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}): string {
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
  const letter = /^[a-z]$/i.test(event.key);
  const named = event.key.length > 1 || event.key === " ";
  const key = digit ?? (letter ? event.key.toUpperCase() : event.key === " " ? "Space" : event.key);
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) {
    parts.push("Ctrl");
  }
  if (event.altKey) {
    parts.push("Alt");
  }
  // For signs like "?" the Shift is how they are typed, not part of the name.
  if (event.shiftKey && (digit !== undefined || letter || named)) {
    parts.push("Shift");
  }
  return [...parts, key].join("+");
}

const shownNames: Record<string, string> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  PageUp: "Page ↑",
  PageDown: "Page ↓",
  Escape: "Esc",
  Delete: "Del",
};

/** A key's name as it is printed for people. */
export const shownKey = (name: string): string =>
  name
    .split(/\+(?=.)/)
    .map((part) => shownNames[part] ?? part)
    .join(" ");

/** Whether the keyboard belongs to a text field or a control now. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && /^(?:range|checkbox|radio|button)$/.test(target.type))
  );
}
