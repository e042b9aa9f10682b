/**
 * Whom this page was made for. The session (a cookie) is shared by all tabs of a browser and may become another
 * person's while a page stands open: then nothing is written, and the page is made anew for whoever is signed in.
 */
let owner: string | null = null;
let goingAway = false;

/** The header with which every request says for whom it was made. */
export const ownerHeader = "X-Overread-User";

export const pageOwner = (): string | null => owner;

/** Load a page from scratch: whatever this one knew of a person goes with it. */
export function leaveFor(address: string): void {
  goingAway = true;
  window.location.assign(address);
}

/** The page is being left on purpose: nobody is asked whether to stay. */
export const isLeaving = (): boolean => goingAway;

function makeAnew(): void {
  if (!goingAway) {
    goingAway = true;
    window.location.reload();
  }
}

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("overread-session");

/** The session is somebody else's than this page's. */
export function otherPerson(): void {
  if (owner !== null) {
    makeAnew();
  }
}

/** What the server says of who is signed in: the first answer makes the page theirs. False: another one, the page ends. */
export function ownedBy(person: string): boolean {
  if (owner === null) {
    owner = person;
    channel?.postMessage(person);
  } else if (owner !== person) {
    makeAnew();
  }
  return owner === person;
}

/** Nobody is signed in any more on this page. */
export function ownedByNobody(): void {
  owner = null;
}

channel?.addEventListener("message", (message: MessageEvent<unknown>) => {
  if (owner !== null && typeof message.data === "string" && message.data !== owner) {
    makeAnew();
  }
});
