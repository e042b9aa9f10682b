import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backoffMs, eventOf, LiveSocket } from "./live";
import { keepFresh } from "./live-invalidation";

class Line {
  static lines: Line[] = [];
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onclose: ((closing: { code: number }) => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  constructor() {
    Line.lines.push(this);
  }
  send(text: string) {
    this.sent.push(text);
  }
  close(code = 1006) {
    this.onclose?.({ code });
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const changed = (id: number, kind = "workitem.changed") => ({
  type: "event",
  id,
  kind,
  object_id: "w1",
  version: "2",
  project: "chest",
  detail: {},
});

describe("the live line", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    Line.lines = [];
    vi.stubGlobal("WebSocket", Line);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("subscribes again after the last event it has seen when the line breaks", () => {
    const socket = new LiveSocket(() => "ws://here/live");
    const seen: number[] = [];
    socket.on("workitem.changed", (event) => seen.push(event.id));
    socket.start();
    const [first] = Line.lines;
    first?.onopen?.();
    expect(first?.sent).toEqual(['{"type":"subscribe","after":null}']);
    first?.say(changed(907));
    first?.close();
    expect(socket.getConnection()).toBe("offline");
    vi.advanceTimersByTime(1000);
    const second = Line.lines[1];
    second?.onopen?.();
    expect(second?.sent).toEqual(['{"type":"subscribe","after":707}']);
    second?.say(changed(907));
    second?.say(changed(909));
    second?.say(changed(906));
    expect(seen, "an event that was committed late is heard, and none twice").toEqual([907, 909, 906]);
    expect(socket.getConnection()).toBe("live");
    socket.stop();
  });

  it("stops and says so when the session has ended, instead of knocking for ever", () => {
    const socket = new LiveSocket(() => "ws://here/live");
    const ended = vi.fn();
    socket.whenSignedOut = ended;
    socket.start();
    Line.lines[0]?.onopen?.();
    Line.lines[0]?.close(4401);
    vi.advanceTimersByTime(60_000);
    expect([ended.mock.calls.length, Line.lines.length, socket.getConnection()]).toEqual([1, 1, "idle"]);
  });

  it("gives up a silent line and tries another", () => {
    const socket = new LiveSocket(() => "ws://here/live");
    socket.start();
    Line.lines[0]?.onopen?.();
    vi.advanceTimersByTime(120_000);
    expect(Line.lines.length).toBeGreaterThan(1);
    socket.stop();
  });

  it("waits longer after each failure, up to half a minute", () => {
    expect([0, 1, 2, 10].map((attempt) => backoffMs(attempt, 0))).toEqual([500, 1000, 2000, 30_000]);
    expect(backoffMs(0, 1)).toBe(650);
  });

  it("takes nothing for an event that is not one", () => {
    expect(eventOf({ type: "ping" })).toBeNull();
    expect(eventOf("event")).toBeNull();
    expect(eventOf({ type: "event", id: "7", kind: "x" })).toBeNull();
  });

  it("answers a burst of events with one refetch of each stale list", () => {
    const queries = new QueryClient();
    const invalidated = vi.spyOn(queries, "invalidateQueries");
    const socket = new LiveSocket(() => "ws://here/live");
    keepFresh(queries, socket);
    socket.start();
    Line.lines[0]?.onopen?.();
    for (let id = 1; id <= 20; id += 1) {
      Line.lines[0]?.say(changed(id));
    }
    vi.advanceTimersByTime(300);
    expect(invalidated.mock.calls.map(([filters]) => filters?.queryKey)).toEqual([
      ["workitems"],
      ["snapshot-preview"],
    ]);
    socket.stop();
  });
});
