import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { EventKind, EventOf, LiveEvent, LiveSocket } from "./live";

type Stale = { [Kind in EventKind]: (event: EventOf<Kind>) => QueryKey[] };

/** Which cached answers each kind of event makes stale; the compiler asks for a line when the server adds a kind. */
const stale: Stale = {
  "workitem.changed": () => [["workitems"], ["snapshot-preview"]],
  "finding.changed": () => [["workitems"], ["snapshot-preview"]],
  "comment.added": () => [],
  "prediction.changed": () => [["workitems"]],
  // The reading page's map listens by itself.
  "saliency.changed": () => [],
  // Numbers travel in the event itself (see the training page); only a change of state needs a refetch.
  "training.changed": ({ detail }) => (detail.phase === "running" ? [] : [["training", "list"]]),
  "report.ready": () => [["report"], ["models"], ["training"]],
  "model.promoted": () => [["models"], ["report"], ["promotions"], ["workitems"]],
  "model.changed": () => [["models"]],
  "upload.changed": () => [["workitems"]],
  "study.changed": () => [["workitems"]],
  "snapshot.frozen": () => [["snapshots"]],
  "project.changed": () => [["projects"], ["me"]],
  "registration.changed": () => [["registrations"]],
  "job.changed": () => [["jobs"], ["training", "list"], ["snapshot-requests"]],
};

/** Which cached answers an event makes stale; a kind that this page does not know yet makes none. */
export function staleKeys(event: LiveEvent): QueryKey[] {
  const keysOf = stale[event.kind] as ((event: LiveEvent) => QueryKey[]) | undefined;
  return keysOf?.(event) ?? [];
}

/** Keep the query cache true while events come in; bursts are answered once. Returns the way out. */
export function keepFresh(queries: QueryClient, socket: LiveSocket, settleMs = 250): () => void {
  const waiting = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = () => {
    timer = null;
    const keys = [...waiting.values()];
    waiting.clear();
    for (const queryKey of keys) {
      void queries.invalidateQueries({ queryKey });
    }
  };
  const stopEvents = socket.onAny((event) => {
    for (const key of staleKeys(event)) {
      waiting.set(JSON.stringify(key), key);
    }
    timer ??= setTimeout(flush, settleMs);
  });
  const stopResync = socket.onResync(() => {
    void queries.invalidateQueries();
  });
  return () => {
    stopEvents();
    stopResync();
    if (timer !== null) {
      clearTimeout(timer);
    }
  };
}
