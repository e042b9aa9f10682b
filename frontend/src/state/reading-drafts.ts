import type { RevisionContent } from "../geometry/content";
import { browserDatabase, draftTable } from "./browser-database";

/** A change that the server has not confirmed yet; survives a crash, a reload and lost network. */
export interface Draft {
  /** Person, work item and finding: one draft each. */
  id: string;
  owner: string;
  workitemId: string;
  findingKey: string;
  findingId: string | null;
  content: RevisionContent;
  deleted: boolean;
  /** Digest of the revision the change was made on; null for a new finding. */
  base: string | null;
  clientKey: string;
  /** It was sent at least once and no answer came: the server may have it. */
  attempted: boolean;
  at: number;
}

export interface DraftStore {
  put(draft: Draft): Promise<void>;
  drop(id: string): Promise<void>;
  of(owner: string, workitemId: string): Promise<Draft[]>;
}

export const draftId = (owner: string, workitemId: string, findingKey: string) =>
  `${owner}|${workitemId}|${findingKey}`;

export class MemoryDraftStore implements DraftStore {
  readonly drafts = new Map<string, Draft>();

  async put(draft: Draft): Promise<void> {
    this.drafts.set(draft.id, structuredClone(draft));
  }

  async drop(id: string): Promise<void> {
    this.drafts.delete(id);
  }

  async of(owner: string, workitemId: string): Promise<Draft[]> {
    return [...this.drafts.values()]
      .filter((draft) => draft.owner === owner && draft.workitemId === workitemId)
      .sort((a, b) => a.at - b.at);
  }
}

/** Drafts in the browser's own database; nothing of them leaves the machine until it is saved. */
export class BrowserDraftStore implements DraftStore {
  async put(draft: Draft): Promise<void> {
    await (await browserDatabase()).put(draftTable, draft);
  }

  async drop(id: string): Promise<void> {
    await (await browserDatabase()).delete(draftTable, id);
  }

  async of(owner: string, workitemId: string): Promise<Draft[]> {
    const rows = (await (await browserDatabase()).getAll(draftTable)) as Draft[];
    return rows
      .filter((draft) => draft.owner === owner && draft.workitemId === workitemId)
      .sort((a, b) => a.at - b.at);
  }
}
