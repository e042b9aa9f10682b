import type { Schemas } from "./types";

/** One live event: what changed, never the data. The server's list of kinds is the only one. */
export type LiveEvent = Schemas["LiveEvent"];
export type EventKind = LiveEvent["kind"];
export type EventOf<Kind extends EventKind> = Extract<LiveEvent, { kind: Kind }>;

export type Connection = "idle" | "connecting" | "live" | "offline";

type Listener = (event: LiveEvent) => void;

/** No message for this long means the line is dead, even if the socket has not noticed. */
const silenceMs = 75_000;
const rememberedIds = 2000;
/** How many ids below the last one may still come in late. */
const lateIds = 200;
/** The server's close code for a session that has ended. */
const signedOutCode = 4401;
const backoffFirstMs = 500;
const backoffMostMs = 30_000;

/** How long to wait before attempt `n` (0-based): doubling, capped, with up to 30 % jitter. */
export function backoffMs(attempt: number, random: number): number {
  const base = Math.min(backoffMostMs, backoffFirstMs * 2 ** attempt);
  return Math.round(base * (1 + 0.3 * random));
}

/** Read one socket message; `null` for anything that is not an event. Kinds this page does not know pass unheard. */
export function eventOf(message: unknown): LiveEvent | null {
  if (typeof message !== "object" || message === null) {
    return null;
  }
  const raw = message as Record<string, unknown>;
  if (raw.type !== "event" || typeof raw.id !== "number" || typeof raw.kind !== "string") {
    return null;
  }
  return {
    id: raw.id,
    kind: raw.kind,
    object_id: String(raw.object_id ?? ""),
    version: String(raw.version ?? ""),
    project: typeof raw.project === "string" ? raw.project : null,
    detail: typeof raw.detail === "object" && raw.detail !== null ? raw.detail : {},
  } as LiveEvent;
}

/** The server's word that more was missed than it repeats. */
function isResync(message: unknown): boolean {
  return typeof message === "object" && message !== null && (message as { type?: unknown }).type === "resync";
}

/** The one WebSocket of the page: subscribes after the last seen id, so a reconnect misses nothing. */
export class LiveSocket {
  private socket: WebSocket | null = null;
  private lastId: number | null = null;
  private attempt = 0;
  private wanted = false;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private watchdog: ReturnType<typeof setTimeout> | null = null;
  private connection: Connection = "idle";
  private readonly seen = new Set<number>();
  private readonly listeners = new Set<{ kind: EventKind | null; listener: Listener }>();
  private readonly connectionListeners = new Set<() => void>();
  private readonly resyncListeners = new Set<() => void>();

  /** Called when the server says that the session has ended. */
  whenSignedOut: (() => void) | null = null;

  constructor(private readonly url: () => string = defaultUrl) {}

  /** Open the line and keep it open until `stop`. Calling it again does nothing. */
  start(): void {
    if (this.wanted) {
      return;
    }
    this.wanted = true;
    window.addEventListener("online", this.retryNow);
    document.addEventListener("visibilitychange", this.retryWhenSeen);
    this.open();
  }

  stop(): void {
    this.wanted = false;
    window.removeEventListener("online", this.retryNow);
    document.removeEventListener("visibilitychange", this.retryWhenSeen);
    this.clearTimers();
    this.socket?.close();
    this.socket = null;
    this.lastId = null;
    this.setConnection("idle");
  }

  /** Hear events of one kind. Returns the way out. */
  on<Kind extends EventKind>(kind: Kind, listener: (event: EventOf<Kind>) => void): () => void {
    // Only events of this kind are given to it (`receive`).
    return this.listen(kind, listener as Listener);
  }

  /** Hear events of every kind. Returns the way out. */
  onAny(listener: Listener): () => void {
    return this.listen(null, listener);
  }

  private listen(kind: EventKind | null, listener: Listener): () => void {
    const entry = { kind, listener };
    this.listeners.add(entry);
    return () => {
      this.listeners.delete(entry);
    };
  }

  /** Hear that events may have been missed, so everything shown should be fetched again. */
  onResync(listener: () => void): () => void {
    this.resyncListeners.add(listener);
    return () => {
      this.resyncListeners.delete(listener);
    };
  }

  getConnection = (): Connection => this.connection;

  subscribeConnection = (listener: () => void): (() => void) => {
    this.connectionListeners.add(listener);
    return () => {
      this.connectionListeners.delete(listener);
    };
  };

  private readonly retryNow = (): void => {
    if (this.wanted && this.socket === null) {
      this.attempt = 0;
      this.open();
    }
  };

  private readonly retryWhenSeen = (): void => {
    if (document.visibilityState === "visible") {
      this.retryNow();
    }
  };

  private open(): void {
    this.clearTimers();
    this.setConnection(this.attempt === 0 ? "connecting" : "offline");
    const socket = new WebSocket(this.url());
    this.socket = socket;
    socket.onopen = () => {
      const first = this.lastId === null;
      const reconnected = this.attempt > 0;
      this.attempt = 0;
      // An event may be committed after one with a higher id was heard: the last ids are asked for again.
      const after = this.lastId === null ? null : Math.max(0, this.lastId - lateIds);
      socket.send(JSON.stringify({ type: "subscribe", after }));
      this.setConnection("live");
      this.watch();
      if (first && reconnected) {
        this.resync();
      }
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      this.watch();
      if (typeof message.data === "string") {
        this.receive(JSON.parse(message.data) as unknown);
      }
    };
    socket.onclose = (closing: CloseEvent) => {
      if (this.socket === socket) {
        this.socket = null;
        if (closing.code === signedOutCode) {
          this.stop();
          this.whenSignedOut?.();
          return;
        }
        this.scheduleRetry();
      }
    };
  }

  private receive(message: unknown): void {
    if (isResync(message)) {
      this.resync();
      return;
    }
    const event = eventOf(message);
    if (event === null || this.seen.has(event.id)) {
      return;
    }
    this.remember(event.id);
    for (const entry of [...this.listeners]) {
      if (entry.kind === null || entry.kind === event.kind) {
        entry.listener(event);
      }
    }
  }

  /** Transactions may commit out of the order of their ids, so an id below the last one may still be new. */
  private remember(id: number): void {
    this.lastId = Math.max(this.lastId ?? 0, id);
    this.seen.add(id);
    if (this.seen.size > rememberedIds) {
      const oldest = this.seen.values().next().value;
      if (oldest !== undefined) {
        this.seen.delete(oldest);
      }
    }
  }

  private resync(): void {
    for (const listener of [...this.resyncListeners]) {
      listener();
    }
  }

  private watch(): void {
    if (this.watchdog !== null) {
      clearTimeout(this.watchdog);
    }
    this.watchdog = setTimeout(() => this.socket?.close(), silenceMs);
  }

  private scheduleRetry(): void {
    this.clearTimers();
    if (!this.wanted) {
      return;
    }
    this.setConnection("offline");
    const wait = backoffMs(this.attempt, Math.random());
    this.attempt += 1;
    this.retry = setTimeout(() => this.open(), wait);
  }

  private clearTimers(): void {
    if (this.retry !== null) {
      clearTimeout(this.retry);
      this.retry = null;
    }
    if (this.watchdog !== null) {
      clearTimeout(this.watchdog);
      this.watchdog = null;
    }
  }

  private setConnection(connection: Connection): void {
    if (connection !== this.connection) {
      this.connection = connection;
      for (const listener of [...this.connectionListeners]) {
        listener();
      }
    }
  }
}

function defaultUrl(): string {
  return `${window.location.protocol === "https:" ? "wss" : "ws"}://${window.location.host}/live`;
}

export const live = new LiveSocket();
