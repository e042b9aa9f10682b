/** What the page says of saving: how it stands, what is in conflict, what was set aside. */
import { create } from "zustand";
import type { RevisionContent } from "../geometry/content";
import type { Draft } from "./reading-drafts";
import type { RevisionOut } from "./reading-types";

export type SaveState = "saved" | "unsaved" | "saving" | "offline" | "conflict" | "failed" | "aside";

export interface Conflict {
  key: string;
  mine: RevisionContent;
  mineDeleted: boolean;
  head: RevisionOut;
  /** The finding that `head` is of, where this page made its own without knowing of it. */
  findingId: string | null;
}

/** A change that is not on the server and is not sent by itself: a person applies or discards it. */
export interface Offer {
  draft: Draft;
  /** Why the server refused it; null when an earlier visit left it behind. */
  refusal: string | null;
}

interface SaveStatus {
  state: SaveState;
  unsaved: number;
  savedAt: number | null;
  message: string;
  conflict: Conflict | null;
  offers: Offer[];
}

export const useSaveStatus = create<SaveStatus>(() => ({
  state: "saved",
  unsaved: 0,
  savedAt: null,
  message: "",
  conflict: null,
  offers: [],
}));
