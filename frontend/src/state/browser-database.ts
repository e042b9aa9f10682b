/** The browser's own database of this application: what was not sent yet outlives a crash. */
import { type IDBPDatabase, openDB } from "idb";

export const draftTable = "drafts";
export const wordTable = "words";

let opened: Promise<IDBPDatabase> | null = null;

export function browserDatabase(): Promise<IDBPDatabase> {
  opened ??= openDB("overread", 2, {
    upgrade(database) {
      for (const table of [draftTable, wordTable]) {
        if (!database.objectStoreNames.contains(table)) {
          database.createObjectStore(table, { keyPath: "id" });
        }
      }
    },
    // A newer version in another tab must not wait for this one.
    blocking(_current, _wanted, event) {
      (event.target as IDBDatabase).close();
      opened = null;
    },
  });
  return opened;
}
