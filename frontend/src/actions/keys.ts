interface Press {
  getModifierState?(name: string): boolean;
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/**
 * A digit is what the key types; with Shift or Alt, which make it type something else, its place on the keyboard
 * tells. So a numpad without NumLock scrolls, and the "-" of a French keyboard is no 6.
 */
function digitOf(event: Press, altGr: boolean): string | undefined {
  const place = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
  if (place === undefined || altGr) {
    return undefined;
  }
  if (/^[0-9]$/.test(event.key)) {
    return event.key;
  }
  const typesASign =
    event.code.startsWith("Digit") && (event.shiftKey || event.altKey) && event.key.length === 1;
  return typesASign || (event.key === "Dead" && event.code.startsWith("Digit")) ? place : undefined;
}

/** A Latin letter is what it types; on other alphabets the place on the keyboard tells which one is meant. */
function letterOf({ key, code }: Press): string | undefined {
  if (/^[a-z]$/i.test(key)) {
    return key.toUpperCase();
  }
  const place = /^Key([A-Z])$/.exec(code)?.[1];
  const foreign = key.length === 1 && /^\p{L}$/u.test(key) && !/^\p{Script=Latin}$/u.test(key);
  return place !== undefined && foreign ? place : undefined;
}

/** The name of a pressed key: "Ctrl+Shift+Z", "Alt+1", "[", "?", "ArrowUp". */
export function keyName(event: Press): string {
  const altGr = event.getModifierState?.("AltGraph") === true || /^Alt(?:Graph)?$/.test(event.key);
  const digit = digitOf(event, altGr);
  const letter = letterOf(event);
  const named = event.key.length > 1 || event.key === " ";
  const key = digit ?? letter ?? (event.key === " " ? "Space" : event.key);
  const parts: string[] = [];
  // AltGr types signs; Windows reports it as Ctrl and Alt together.
  if ((event.ctrlKey || event.metaKey) && !altGr) {
    parts.push("Ctrl");
  }
  if (event.altKey && !altGr) {
    parts.push("Alt");
  }
  // For signs like "?" the Shift is how they are typed, not part of the name.
  if (event.shiftKey && (digit !== undefined || letter !== undefined || named)) {
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
