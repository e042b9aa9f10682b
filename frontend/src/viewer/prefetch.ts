import { loadFramePixels } from "./frame-pixels";
import type { SeriesStack } from "./series-stack";

/** Loads frames around the one shown, nearest first, a few at a time, until told to stop. */
export class Prefetch {
  private generation = 0;

  stop(): void {
    this.generation += 1;
  }

  async around(stack: SeriesStack, index: number, most: number): Promise<void> {
    this.generation += 1;
    const mine = this.generation;
    const wanted = stack.frames
      .map((frame, at) => ({ frame, far: Math.abs(at - index) }))
      .sort((a, b) => a.far - b.far)
      .slice(0, most);
    const lanes = Array.from({ length: 3 }, async () => {
      for (let next = wanted.shift(); next && mine === this.generation; next = wanted.shift()) {
        // A frame that fails to load says so when it is shown.
        await loadFramePixels(next.frame).catch(() => undefined);
      }
    });
    await Promise.all(lanes);
  }
}
