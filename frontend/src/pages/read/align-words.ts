/** What is known of an alignment, in sentences with their numbers. */
import type {
  AlignableSeries,
  Registration,
  RegistrationMethod,
  Way,
} from "../../state/reading-registration";
import { dayOf } from "./words";

type SeriesWords = Pick<
  AlignableSeries,
  "modality" | "series_number" | "series_description" | "study_date" | "slices"
>;

export const methodWords: Record<RegistrationMethod, string> = {
  rigid: "Turned and shifted (rigid)",
  affine: "Turned, shifted, stretched (affine)",
  deformable: "Bent as well (deformable)",
};

export const wayWords: Record<Way, string> = {
  fusion: "Blended",
  checkerboard: "Squares",
  error: "How sure",
};

export const standingWords: Record<NonNullable<Registration["verdict"]>["standing"], string> = {
  aligned: "Aligned, as far as the numbers tell.",
  not_convincing: "Not convincing: look closely.",
  wrong_patient: "Are these two persons?",
};

/** "2026-01-03 · MR 3 T1 · 176 slices". */
export const seriesWords = (series: SeriesWords): string =>
  [
    dayOf(series.study_date),
    [series.modality, series.series_number ?? "", series.series_description].filter(Boolean).join(" "),
    `${series.slices} slices`,
  ]
    .filter(Boolean)
    .join(" · ");

const mm = (value: number): string => `${value.toFixed(1)} mm`;

/** The numbers of an alignment as sentences. */
function numberSentences(one: Registration): string[] {
  const { numbers } = one;
  if (!numbers) {
    return [];
  }
  const { before, after } = numbers;
  const bent =
    one.method === "rigid"
      ? ""
      : ` Of that, ${mm(numbers.bent_mm_mean)} is more than turning and shifting (95 %: below ${mm(numbers.bent_mm_p95)}).`;
  return [
    `The body moved ${mm(numbers.moved_mm_mean)} on average (95 %: below ${mm(numbers.moved_mm_p95)}).${bent}`,
    `Forth and back agree within ${mm(numbers.inconsistency_mm_mean)} on average (95 %: below ${mm(numbers.inconsistency_mm_p95)}).`,
    `Local likeness ${before ? before.local_correlation.toFixed(2) : "(apart as they lay)"} → ${after.local_correlation.toFixed(2)} of 1.`,
    ...(one.method === "rigid"
      ? []
      : [
          `Volumes change by ${numbers.jacobian_p5.toFixed(2)} to ${numbers.jacobian_p95.toFixed(2)} (5 to 95 % of places); folded: ${(100 * numbers.folded_share).toFixed(2)} %.`,
        ]),
    `${Math.round(100 * after.covered)} % of the body lies in the other series.`,
  ];
}

/** What speaks against it, where anything does, and its numbers. */
export const whyOf = (one: Registration): string[] => [
  ...(one.verdict && one.verdict.standing !== "aligned" ? one.verdict.reasons : []),
  ...numberSentences(one),
];

/** "Accepted", "Rejected", or that nobody has said a word. */
export const wordOf = (one: Registration): string =>
  one.word === "accepted" ? "Accepted" : one.word === "rejected" ? "Rejected" : "Not decided";
