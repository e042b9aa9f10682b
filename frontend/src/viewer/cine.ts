/** Plays frames at a steady pace. */
export class Cine {
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly step: () => void) {}

  get playing(): boolean {
    return this.timer !== null;
  }

  play(framesPerSecond: number): void {
    this.stop();
    this.timer = setInterval(this.step, 1000 / framesPerSecond);
  }

  stop(): void {
    if (this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    }
  }
}
