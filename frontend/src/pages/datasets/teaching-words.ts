import type { ProvenanceName, UnsettledName } from "../../api/types";
import { formatCount, formatWords } from "../../ui/format";

/** How an answer came about, as a word in a list. What it means in full comes from the server. */
const provenances: Record<ProvenanceName, string> = {
  consensus: "Read twice, alike",
  adjudicated: "Adjudicated",
  human_rejected: "Reader’s finding refuted",
  blind_read: "Blind read",
  assisted_read: "Read with the model’s opinion",
  human_added: "Missed by the model",
  ai_corrected: "Model’s finding corrected",
  ai_rejected: "Model’s finding refuted",
  ai_accepted: "Model’s finding accepted",
  ai_accepted_by_habit: "Accepted by habit (weighs least)",
};

/** A word for a provenance; those of old datasets that are used no more are shown as they were stored. */
export const provenanceWords = (name: string): string =>
  (provenances as Record<string, string>)[name] ?? formatWords(name);

/** Why an answer is not taught, or may not test; one and many. */
export const unsettledWords: Record<UnsettledName, [one: string, many: string]> = {
  contradicted: [
    "answer that somebody contradicts, until it is decided",
    "answers that somebody contradicts, until they are decided",
  ],
  undecidable: [
    "answer about an image that does not allow one",
    "answers about images that do not allow one",
  ],
  test_assisted: [
    "answer on a test patient that was given with the model’s opinion on the screen",
    "answers on test patients that were given with the model’s opinion on the screen",
  ],
  test_nodded_at: [
    "answer on a test patient that is only a model’s, accepted",
    "answers on test patients that are only a model’s, accepted",
  ],
  test_by_habit: [
    "answer on a test patient that is only a model’s, accepted by habit",
    "answers on test patients that are only a model’s, accepted by habit",
  ],
};

export const unsettledKeys = Object.keys(unsettledWords) as UnsettledName[];

/** "3 Lesion, 2 Normal": a reason's answers by label. */
export const byLabel = (counts: Record<string, number>, nameOf: (key: string) => string): string =>
  Object.entries(counts)
    .map(([key, count]) => `${formatCount(count)} ${nameOf(key)}`)
    .join(", ");

/** What cases of test patients lack, as it goes on after their number. */
export const lacks: Record<UnsettledName, [one: string, many: string]> = {
  contradicted: ["waits for a decision between two answers", "wait for a decision between two answers"],
  undecidable: ["does not allow an answer", "do not allow an answer"],
  test_assisted: [
    "was read with the model’s opinion on the screen",
    "were read with the model’s opinion on the screen",
  ],
  test_nodded_at: ["was only nodded at", "were only nodded at"],
  test_by_habit: ["was only nodded at by habit", "were only nodded at by habit"],
};
