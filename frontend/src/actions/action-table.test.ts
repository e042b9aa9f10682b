import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Action } from "./action";
import { keyName, shownKey } from "./keys";

vi.mock("../viewer/panes", () => ({ activePane: () => ({ getView: () => ({ stack: null, frame: null }) }) }));
vi.mock("../viewer/jump", () => ({}));
vi.mock("../viewer/pointer-desk", () => ({ deskOf: () => undefined }));
vi.mock("../viewer/hit", () => ({ isEditable: () => false }));

let table: readonly Action[] = [];

beforeAll(async () => {
  table = (await import("./action-table")).actionTable;
});

const press = (
  key: string,
  code: string,
  held: Partial<Record<"ctrlKey" | "altKey" | "shiftKey", boolean>> = {},
) => keyName({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

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
