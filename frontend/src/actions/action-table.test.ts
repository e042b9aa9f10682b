import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Action } from "./action";
import { keyName, shownKey } from "./keys";

vi.mock("../viewer/panes", () => ({ activePane: () => ({ getView: () => ({ stack: null, frame: null }) }) }));
vi.mock("../viewer/jump", () => ({}));
vi.mock("../viewer/pointer-desk", () => ({ deskOf: () => undefined }));

let table: readonly Action[] = [];

beforeAll(async () => {
  table = (await import("./action-table")).actionTable;
});

const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
const press = (
  key: string,
  code: string,
  held: Partial<Record<"ctrlKey" | "altKey" | "shiftKey", boolean>> = {},
) => keyName({ ...plain, key, code, ...held });

describe("keys", () => {
  it("are named alike on every keyboard", () => {
    expect(press("z", "KeyZ", { ctrlKey: true })).toBe("Ctrl+Z");
    expect(press("Z", "KeyZ", { ctrlKey: true, shiftKey: true })).toBe("Ctrl+Shift+Z");
    expect(press("?", "Slash", { shiftKey: true })).toBe("?");
    expect(press("!", "Digit1", { shiftKey: true })).toBe("Shift+1");
    expect(press("¡", "Digit1", { altKey: true })).toBe("Alt+1");
    expect(press(" ", "Space")).toBe("Space");
    expect(shownKey("Ctrl+ArrowUp")).toBe("Ctrl ↑");
    expect(shownKey("+")).toBe("+");
  });

  it("are digits by what they type, not by where they lie", () => {
    // A numpad without NumLock moves; a German AltGr types a bracket; a French keyboard types a minus.
    expect(press("ArrowUp", "Numpad8")).toBe("ArrowUp");
    expect(press("PageDown", "Numpad3")).toBe("PageDown");
    expect(press("8", "Numpad8")).toBe("8");
    expect(press("[", "Digit8")).toBe("[");
    expect(
      keyName({
        ...plain,
        key: "[",
        code: "Digit8",
        ctrlKey: true,
        altKey: true,
        getModifierState: (name) => name === "AltGraph",
      }),
    ).toBe("[");
    expect(press("-", "Digit6")).toBe("-");
    expect(press("&", "Digit1", { altKey: true })).toBe("Alt+1");
    expect(press("⁄", "Digit1", { altKey: true, shiftKey: true })).toBe("Alt+Shift+1");
  });

  it("are letters by what they type, or by where they lie where another alphabet is typed", () => {
    expect(press("к", "KeyR")).toBe("R");
    expect(press("я", "KeyZ", { ctrlKey: true })).toBe("Ctrl+Z");
    expect(press("Я", "KeyZ", { ctrlKey: true, shiftKey: true })).toBe("Ctrl+Shift+Z");
    expect(press("y", "KeyZ")).toBe("Y");
    expect(press("ö", "Semicolon")).toBe("ö");
  });

  it("are given to one action only, unless the actions exclude each other", () => {
    const shared = new Map<string, string[]>();
    for (const action of table) {
      for (const key of action.keys) {
        shared.set(key, [...(shared.get(key) ?? []), action.id]);
      }
    }
    const doubled = [...shared].filter(([, ids]) => ids.length > 1).map(([key]) => key);
    // Enter, Escape and Backspace first serve what is being drawn or corrected; Ctrl+Enter submits or signs off by mode.
    expect(doubled.sort()).toEqual(["Backspace", "Ctrl+Enter", "Enter", "Escape"]);
  });
});

describe("the action table", () => {
  it("names every action once", () => {
    const ids = table.map((action) => action.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("has a key for every tool and every review decision", () => {
    const keyless = table
      .filter((action) => action.group === "Tools" || action.group === "Review")
      .filter((action) => action.keys.length === 0);
    expect(keyless).toEqual([]);
  });
});
