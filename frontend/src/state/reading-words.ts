/** Words that somebody is typing about a case: they outlive another tab of the panel, a dialog closed, a crash. */
import { create } from "zustand";
import { browserDatabase, wordTable } from "./browser-database";

/** Where words are typed; one text each per person and case. */
export type WordsPlace = "comment" | "decide" | "reject" | "pin" | "point";

interface Words {
  id: string;
  place: WordsPlace;
  text: string;
}

interface WordsState {
  /** Person and case. */
  of: string | null;
  texts: Partial<Record<WordsPlace, string>>;
}

const useWords = create<WordsState>(() => ({ of: null, texts: {} }));

const places: readonly WordsPlace[] = ["comment", "decide", "reject", "pin", "point"];

/** Bring back what was being typed about a case. */
export async function openWords(owner: string, workitemId: string): Promise<void> {
  const of = `${owner}|${workitemId}`;
  useWords.setState({ of, texts: {} });
  const kept = await browserDatabase()
    .then((database) => Promise.all(places.map((place) => database.get(wordTable, `${of}|${place}`))))
    .catch(() => []);
  useWords.setState((state) => {
    const known = (kept as (Words | undefined)[]).flatMap((row) => (row ? [[row.place, row.text]] : []));
    return state.of === of ? { texts: { ...Object.fromEntries(known), ...state.texts } } : state;
  });
}

/** Another case, or another person, has other words. */
export function closeWords(): void {
  useWords.setState({ of: null, texts: {} });
}

async function keep(row: Words): Promise<void> {
  const database = await browserDatabase();
  await (row.text === "" ? database.delete(wordTable, row.id) : database.put(wordTable, row));
}

export function setWords(place: WordsPlace, text: string): void {
  const { of, texts } = useWords.getState();
  useWords.setState({ texts: { ...texts, [place]: text } });
  if (of) {
    // A browser without its database (private window) keeps them as long as the page lives.
    keep({ id: `${of}|${place}`, place, text }).catch(() => undefined);
  }
}

/** The words typed at one place about the open case, and how to change them. */
export function useKeptWords(place: WordsPlace): [string, (text: string) => void] {
  const text = useWords((state) => state.texts[place] ?? "");
  return [text, (next) => setWords(place, next)];
}
