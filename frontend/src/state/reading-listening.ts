/** What the reading page listens to: the live socket, the network, the window. */
import { type EventOf, live } from "../api/live";
import { isLeaving } from "../api/page-owner";
import { useFindings } from "./reading-findings";

type OfWorkitem = EventOf<"finding.changed" | "comment.added" | "prediction.changed">;

export interface Hearing {
  /** Something may have changed on the server. */
  stale(): void;
  /** The network may be back. */
  online(): void;
  /** Whether something is not on the server yet. */
  unsaved(): boolean;
  /** Send what is unsaved now. */
  flush(): void;
  /** One more second was spent on this case. */
  second(): void;
}

/** Echoes of this page's own saves come before or after their answers: wait this long before asking the server. */
const echoMs = 400;
/** No key and no pointer for this long: nobody is reading. */
const idleMs = 60_000;

/** Start listening for a work item. Returns the way out. */
export function listenFor(workitemId: string, hearing: Hearing): () => void {
  const leave = [listenToServer(workitemId, hearing), listenToWindow(hearing)];
  return () => {
    for (const stop of leave) {
      stop();
    }
  };
}

function listenToServer(workitemId: string, hearing: Hearing): () => void {
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const changed = (event: OfWorkitem) => {
    if (event.detail.workitem_id === workitemId) {
      hearing.stale();
    }
  };
  const revised = (event: EventOf<"finding.changed">) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      const rows = Object.values(useFindings.getState().rows);
      if (!rows.some((row) => row.saved?.digest === event.version)) {
        changed(event);
      }
    }, echoMs);
    timers.add(timer);
  };
  const stops = [
    live.on("workitem.changed", (event) => {
      if (event.object_id === workitemId) {
        hearing.stale();
      }
    }),
    live.on("finding.changed", revised),
    live.on("comment.added", changed),
    live.on("prediction.changed", changed),
    live.onResync(() => hearing.online()),
  ];
  return () => {
    timers.forEach(clearTimeout);
    for (const stop of stops) {
      stop();
    }
  };
}

function listenToWindow(hearing: Hearing): () => void {
  const ends = new AbortController();
  const { signal } = ends;
  let lastActivity = Date.now();
  const active = () => {
    lastActivity = Date.now();
  };
  const clock = setInterval(() => {
    if (document.visibilityState === "visible" && Date.now() - lastActivity < idleMs) {
      hearing.second();
    }
  }, 1000);
  window.addEventListener("online", () => hearing.online(), { signal });
  window.addEventListener(
    "beforeunload",
    (event) => {
      if (hearing.unsaved() && !isLeaving()) {
        hearing.flush();
        event.preventDefault();
      }
    },
    { signal },
  );
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "hidden" && hearing.unsaved()) {
        hearing.flush();
      }
    },
    { signal },
  );
  window.addEventListener("pointermove", active, { signal, passive: true });
  window.addEventListener("keydown", active, { signal, passive: true });
  return () => {
    clearInterval(clock);
    ends.abort();
  };
}
