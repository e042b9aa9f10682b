/** Which grey levels one viewport shows: the image's own window or table, one found in its values, or the reader's. */
import { fetchApi } from "../api/client";
import { type GreyLevels, type GreyTable, type GreyWindow, spanOf } from "../geometry/grey-levels";
import { nameOfChoice, valueRange, type WindowPreset } from "../geometry/window-presets";
import { pixelsAtHand } from "./frame-pixels";
import { shownUnit, valuesOf } from "./pixel-values";
import type { StackFrame } from "./series-stack";

type Choice = { kind: "own"; index: number } | { kind: "fixed"; window: GreyWindow; name: string };

const tables = new Map<string, GreyTable>();
const tableKey = (frame: StackFrame, table: number) => `${frame.imageId}#${table}`;

async function fetchTable(frame: StackFrame, table: number, first: number): Promise<void> {
  const answer = await fetchApi("GET", `${frame.path}/voi-tables/${table}`);
  const levels = new Float32Array(await answer.arrayBuffer());
  tables.set(tableKey(frame, table), { kind: "table", first, levels });
}

/** The window that all values of a frame suggest. */
function foundWindow(frame: StackFrame, how: "percentile" | "full"): GreyWindow | null {
  const pixels = pixelsAtHand(frame);
  if (!pixels) {
    return null;
  }
  const range = valueRange(valuesOf(frame, pixels));
  const [low, high] =
    how === "full" || range.p99 <= range.p1 ? [range.min, range.max] : [range.p1, range.p99];
  const width = Math.max(high - low, 1e-6);
  return { kind: "window", center: (low + high) / 2, width, function: "LINEAR_EXACT" };
}

export class Windowing {
  private choice: Choice = { kind: "own", index: 0 };

  constructor(
    private readonly frame: () => StackFrame | null,
    private readonly changed: () => Promise<void>,
  ) {}

  /** A new series begins: back to what its images ask for. */
  begin(): void {
    this.choice = { kind: "own", index: 0 };
  }

  /** The image's own window or table that is in use, by its index; -1 where there is none. */
  private own(frame: StackFrame): number {
    if (this.choice.kind === "fixed") {
      return -1;
    }
    // Frames of one series may offer different numbers of windows.
    return this.choice.index < frame.voi.length ? this.choice.index : Math.min(0, frame.voi.length - 1);
  }

  /** Fetch what `levels` needs of this frame. */
  async prepare(frame: StackFrame): Promise<void> {
    const own = frame.voi[this.own(frame)];
    if (own && own.table !== null && own.first !== null && !tables.has(tableKey(frame, own.table))) {
      await fetchTable(frame, own.table, own.first);
    }
  }

  /** Whether everything that `levels` needs of this frame is here. */
  isPrepared(frame: StackFrame): boolean {
    const own = frame.voi[this.own(frame)];
    return !own || own.table === null || tables.has(tableKey(frame, own.table));
  }

  /** The levels of a frame whose pixels are here and which was prepared. */
  levels(frame: StackFrame): GreyLevels {
    if (this.choice.kind === "fixed") {
      return this.choice.window;
    }
    const own = frame.voi[this.own(frame)];
    const table = own && own.table !== null ? tables.get(tableKey(frame, own.table)) : undefined;
    if (table) {
      return table;
    }
    if (own && own.center !== null && own.width !== null) {
      return { kind: "window", center: own.center, width: own.width, function: own.function };
    }
    return (
      frame.found ??
      foundWindow(frame, "percentile") ?? { kind: "window", center: 0.5, width: 1, function: "LINEAR_EXACT" }
    );
  }

  /** What is in use: the image's own name of it, the chosen preset's, or that it is by the values, or by hand. */
  name(frame: StackFrame): string {
    if (this.choice.kind === "fixed") {
      return this.choice.name;
    }
    const index = this.own(frame);
    return index < 0 ? "by the values" : nameOfChoice(frame.voi, index);
  }

  private fix(window: GreyWindow, name: string): void {
    this.choice = { kind: "fixed", window, name };
    void this.changed();
  }

  /** In the unit that the reader sees; the kind of curve stays. */
  set(center: number, width: number): void {
    const frame = this.frame();
    if (frame) {
      const now = this.levels(frame);
      const { factor } = shownUnit(frame);
      const curve = now.kind === "window" ? now.function : "LINEAR";
      this.fix(
        { kind: "window", center: center / factor, width: width / factor, function: curve },
        "by hand",
      );
    }
  }

  preset({ window, name }: WindowPreset): void {
    const frame = this.frame();
    if (!frame) {
      return;
    }
    if (typeof window === "object" && "own" in window) {
      this.choice = { kind: "own", index: window.own };
      void this.changed();
    } else if (typeof window === "object") {
      const { factor } = shownUnit(frame);
      const { center, width } = window;
      this.fix({ kind: "window", center: center / factor, width: width / factor, function: "LINEAR" }, name);
    } else {
      const found = foundWindow(frame, window);
      if (found) {
        this.fix(found, name);
      }
    }
  }

  /** The next of the image's own windows and tables. */
  next(): void {
    const count = this.frame()?.voi.length ?? 0;
    const at = this.choice.kind === "own" ? this.choice.index : -1;
    this.choice = { kind: "own", index: count > 0 ? (at + 1) % count : 0 };
    void this.changed();
  }

  /** Centre and width in modality values, as a window of what is shown. */
  span(frame: StackFrame): { center: number; width: number } {
    return spanOf(this.levels(frame));
  }
}
