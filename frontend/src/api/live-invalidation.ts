import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { LiveEvent, LiveSocket } from "./live";

/** Which cached answers an event makes stale. */
export function staleKeys(event: LiveEvent): QueryKey[] {
  const workitemId = typeof event.detail.workitem_id === "string" ? event.detail.workitem_id : null;
  switch (event.kind) {
    case "workitem.changed":
      return [["workitems"], ["workitem", event.object_id]];
    case "finding.changed":
    case "comment.added":
    case "prediction.changed":
      return [["workitems"], ["workitem", workitemId ?? event.object_id], ["snapshot-preview"]];
    case "saliency.changed":
      return [["saliency", event.object_id]];
    case "training.changed":
      // Numbers travel in the event itself (see the training page); only a change of phase needs a refetch.
      return [["training", "list"]];
    case "report.ready":
      return [["report"], ["models"], ["version"], ["training"]];
    case "model.promoted":
      return [["models"], ["version"], ["report"], ["promotions"]];
    case "upload.changed":
      return [["workitems"]];
    case "project.changed":
      return [["projects"], ["me"]];
    case "snapshot.frozen":
      return [["snapshots"]];
    default:
      return [];
  }
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
  const stopEvents = socket.on(null, (event) => {
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
