/** Other series laid onto those of the case: what was asked for, what came of it, and which one lies over the images. */
import { create } from "zustand";
import { get, post } from "../api/client";
import { asApiError } from "../api/errors";
import { live } from "../api/live";
import type { Schemas } from "../api/types";
import { useReading } from "./reading-session";
import { say } from "./reading-ui";

export type Registration = Schemas["RegistrationOut"];
export type AlignableSeries = Schemas["AlignableSeriesOut"];
export type RegistrationMethod = Registration["method"];
export type RegistrationWord = "accepted" | "rejected";
/** How the other series lies over the image. */
export type Way = "fusion" | "checkerboard" | "error";

export const ways: readonly Way[] = ["fusion", "checkerboard", "error"];

interface RegistrationState {
  pairs: Schemas["AlignablePairsOut"] | null;
  list: readonly Registration[];
  shownId: string | null;
  way: Way;
  opacity: number;
  /** Flicker: the other series alone is on the screen. */
  alone: boolean;
  /** The word that a reason is asked for. */
  deciding: RegistrationWord | null;
  busy: boolean;
  /** Why its pixels could not be fetched, by alignment. */
  problems: Readonly<Record<string, string>>;
  /** Counts what has arrived to be drawn. */
  arrived: number;
}

const nothing: RegistrationState = {
  pairs: null,
  list: [],
  shownId: null,
  way: "fusion",
  opacity: 0.5,
  alone: false,
  deciding: null,
  busy: false,
  problems: {},
  arrived: 0,
};

export const useRegistration = create<RegistrationState>(() => nothing);

const pollMs = 2000;
let timer: ReturnType<typeof setTimeout> | null = null;
/** What this page asked for and has not shown yet. */
const awaited = new Set<string>();

export const registrationById = (id: string | null): Registration | undefined =>
  useRegistration.getState().list.find((one) => one.id === id);

export const shownRegistration = (): Registration | undefined =>
  registrationById(useRegistration.getState().shownId);

/** Whether anything could be laid onto a series of this case. */
export const canAlign = (pairs: RegistrationState["pairs"]): boolean =>
  pairs?.fixed.some((fixed) => !fixed.why_not && pairs.moving.some((moving) => fits(fixed, moving))) === true;

export const fits = (fixed: AlignableSeries, moving: AlignableSeries): boolean =>
  !moving.why_not && moving.series_instance_uid !== fixed.series_instance_uid;

async function load(workitemId: string): Promise<void> {
  const list = await get<Registration[]>(`workitems/${workitemId}/registrations`);
  if (useReading.getState().workitemId !== workitemId) {
    return;
  }
  useRegistration.setState({ list });
  for (const one of list) {
    if (awaited.has(one.id) && one.state !== "requested") {
      awaited.delete(one.id);
      if (one.state === "finished") {
        showRegistration(one.id);
        say("The alignment is finished: it lies over the images.");
      } else {
        say("The alignment came to nothing. See Align.");
      }
    }
  }
  lookAgain(workitemId);
}

/** Its progress is no event: ask while one is computed. */
function lookAgain(workitemId: string): void {
  if (timer !== null) {
    clearTimeout(timer);
    timer = null;
  }
  if (useRegistration.getState().list.some((one) => one.state === "requested")) {
    timer = setTimeout(() => void refresh(workitemId), pollMs);
  }
}

/** Fetch the alignments; silence of the network is made good by the next look. */
async function refresh(workitemId: string): Promise<void> {
  try {
    await load(workitemId);
  } catch {
    lookAgain(workitemId);
  }
}

async function open(workitemId: string): Promise<void> {
  const pairs = await get<Schemas["AlignablePairsOut"]>(`workitems/${workitemId}/alignable`).catch(
    () => null,
  );
  if (useReading.getState().workitemId === workitemId) {
    useRegistration.setState({ pairs });
    await refresh(workitemId);
  }
}

export function showRegistration(id: string | null): void {
  useRegistration.setState({ shownId: id, alone: false });
}

export async function requestRegistration(
  fixed: string,
  moving: string,
  method: RegistrationMethod,
): Promise<void> {
  const { workitemId } = useReading.getState();
  if (!workitemId || useRegistration.getState().busy) {
    return;
  }
  useRegistration.setState({ busy: true });
  try {
    const made = await post<Registration>(`workitems/${workitemId}/registrations`, { fixed, moving, method });
    if (made.state === "finished") {
      showRegistration(made.id);
    } else {
      awaited.add(made.id);
    }
    await load(workitemId);
  } finally {
    useRegistration.setState({ busy: false });
  }
}

export async function cancelRegistration(id: string): Promise<void> {
  awaited.delete(id);
  await post<Registration>(`registrations/${id}/cancel`, {});
  const { workitemId } = useReading.getState();
  if (workitemId) {
    await load(workitemId);
  }
}

/** Whether a word needs a reason: to reject, to accept what did not convince, and to change an earlier word. */
export const needsReason = (one: Registration, word: RegistrationWord): boolean =>
  word === "rejected" || one.verdict?.standing !== "aligned" || one.decisions.length > 0;

/** Say a word about the alignment on the screen, or ask for its reason first. */
export async function decideRegistration(word: RegistrationWord, reason?: string): Promise<void> {
  const one = shownRegistration();
  const { workitemId } = useReading.getState();
  if (one?.state !== "finished" || !workitemId || useRegistration.getState().busy) {
    return;
  }
  if (reason === undefined && needsReason(one, word)) {
    useRegistration.setState({ deciding: word });
    return;
  }
  useRegistration.setState({ busy: true });
  try {
    await post<Registration>(
      `registrations/${one.id}/decide`,
      { word, reason: reason ?? "" },
      { ifMatch: one.decisions.length },
    );
    useRegistration.setState({ deciding: null });
    if (word === "rejected") {
      showRegistration(null);
    }
    say(word === "accepted" ? "Alignment accepted." : "Alignment rejected: it is used for nothing.");
  } finally {
    useRegistration.setState({ busy: false });
    await refresh(workitemId);
  }
}

export function nextWay(): void {
  const { way, alone } = useRegistration.getState();
  const next = alone ? way : ways[(ways.indexOf(way) + 1) % ways.length];
  useRegistration.setState({ way: next ?? "fusion", alone: false });
}

export const flicker = (): void => useRegistration.setState((state) => ({ alone: !state.alone }));

export const registrationArrived = (): void =>
  useRegistration.setState((state) => ({ arrived: state.arrived + 1 }));

export const registrationFailed = (id: string, thrown: unknown): void =>
  useRegistration.setState((state) => ({
    problems: { ...state.problems, [id]: asApiError(thrown).message },
  }));

useReading.subscribe((now, before) => {
  if (now.workitemId !== before.workitemId) {
    awaited.clear();
    useRegistration.setState(nothing);
    if (now.workitemId) {
      void open(now.workitemId);
    }
  }
});

live.on("registration.changed", (event) => {
  const { workitemId } = useReading.getState();
  if (workitemId && event.detail.workitem_id === workitemId) {
    void refresh(workitemId);
  }
});
live.onResync(() => {
  const { workitemId } = useReading.getState();
  if (workitemId) {
    void refresh(workitemId);
  }
});
