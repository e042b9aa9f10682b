/** What could not be fetched is fetched again by itself: when the network is back, and every few seconds meanwhile. */
import { ApiError } from "../api/errors";

const everyMs = 5000;

export class SecondTry {
  private again: (() => Promise<void>) | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly now = () => {
    const { again } = this;
    this.settled();
    void again?.();
  };

  constructor() {
    window.addEventListener("online", this.now);
  }

  /** It failed: try `again` later where another try may do, as after no answer or a server in trouble. */
  failed(thrown: unknown, again: () => Promise<void>): void {
    this.settled();
    if (thrown instanceof ApiError && (thrown.status === 0 || thrown.status >= 500)) {
      this.again = again;
      this.timer = setTimeout(this.now, everyMs);
    }
  }

  /** Nothing is to be tried again: it is there, or something else is wanted. */
  settled(): void {
    this.again = null;
    if (this.timer !== null) {
      clearTimeout(this.timer);
      this.timer = null;
    }
  }

  dispose(): void {
    this.settled();
    window.removeEventListener("online", this.now);
  }
}
