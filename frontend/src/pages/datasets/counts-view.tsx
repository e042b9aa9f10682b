import { Alert, List, Stack, Table, Text, VisuallyHidden } from "@mantine/core";
import type { SnapshotCounts, SplitCounts, SplitName } from "../../api/types";
import { formatCount, formatMany, formatPercent, formatWords } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { ShareBar } from "../../ui/share-bar";
import { byLabel, provenanceWords, unsettledWords } from "./teaching-words";

const splitNames: readonly SplitName[] = ["train", "validation", "test"];

/** Cases and patients per split, and the balance of every label in each. */
export function CountsTable({
  counts,
  labels,
  project,
}: {
  counts: SnapshotCounts;
  labels: { key: string; color: string; name: string }[];
  /** Of counts of this moment: whose worklist has the cases. */
  project?: string;
}) {
  return (
    <Stack gap="sm">
      <Table data-testid="snapshot-counts">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>
              <VisuallyHidden>Label</VisuallyHidden>
            </Table.Th>
            {splitNames.map((name) => (
              <Table.Th key={name}>{formatWords(name)}</Table.Th>
            ))}
            <Table.Th>All</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Table.Tr>
            <Table.Td>Patients</Table.Td>
            {splitNames.map((name) => (
              <Table.Td key={name}>{formatCount(counts.splits[name].patients)}</Table.Td>
            ))}
            <Table.Td>{formatCount(counts.patients)}</Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Td>Images</Table.Td>
            {splitNames.map((name) => (
              <Table.Td key={name}>{formatCount(counts.splits[name].cases)}</Table.Td>
            ))}
            <Table.Td>{formatCount(counts.cases)}</Table.Td>
          </Table.Tr>
          {labels.map((label) => (
            <Table.Tr key={label.key}>
              <Table.Td>{label.name}</Table.Td>
              {splitNames.map((name) => (
                <Table.Td key={name}>
                  <Balance split={counts.splits[name]} label={label} />
                </Table.Td>
              ))}
              <Table.Td>
                <Balance split={counts} label={label} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Tally
        what="How the answers came about (images)"
        counts={counts.provenance}
        words={(name, count) => `${provenanceWords(name)} ${formatCount(count)}`}
      />
      <Tally
        what="Left out"
        counts={counts.left_out}
        words={(name, count) => {
          const found = counts.unsettled?.[name];
          const nameOf = (key: string) => labels.find((label) => label.key === key)?.name ?? key;
          return `${leftOutWords(name, count)}${found ? ` (${byLabel(found, nameOf)})` : ""}`;
        }}
      />
      <GrownCases count={counts.grown_since_read ?? 0} project={project} />
    </Stack>
  );
}

function Balance({
  split,
  label,
}: {
  split: SplitCounts;
  label: { key: string; color: string; name: string };
}) {
  const row = split.labels[label.key];
  if (!row) {
    return <>–</>;
  }
  const all = row.positive + row.negative + row.unknown;
  const share = (part: number) => (all > 0 ? part / all : 0);
  return (
    <Stack gap={2}>
      <ShareBar
        width={130}
        parts={[
          { share: share(row.positive), color: label.color },
          { share: share(row.negative), color: "var(--ov-line-strong)" },
        ]}
        label={`${row.positive} positive, ${row.negative} negative, ${row.unknown} not said`}
      />
      <Text size="xs" c="dimmed" data-testid={`balance-${label.key}`}>
        {row.positive} of {row.positive + row.negative}
        {row.share_positive === null ? "" : ` (${formatPercent(row.share_positive)})`}
        {row.unknown > 0 ? `, ${row.unknown} not said` : ""}
      </Text>
    </Stack>
  );
}

/** What was left out, with what is counted: cases, answers or images. */
const leftOut: Record<string, [one: string, many: string]> = {
  ...unsettledWords,
  not_signed_off: ["case that is not signed off", "cases that are not signed off"],
  test_not_read_blind: [
    "answer on a test patient that was not given blind",
    "answers on test patients that were not given blind",
  ],
  localizers: ["localizer", "localizers"],
  arrived_after_reading: [
    "image that arrived after its case was read",
    "images that arrived after their case was read",
  ],
  stored_after_reading: [
    "image that was stored after an old reading without a list of images",
    "images that were stored after old readings without a list of images",
  ],
  patient_withdrawn: ["case of a withdrawn patient", "cases of withdrawn patients"],
  reader_withdrawn: [
    "case in which a withdrawn reader had a hand",
    "cases in which a withdrawn reader had a hand",
  ],
  nobody_known: [
    "image without Patient ID, name or birth date: it could be anybody’s",
    "images without Patient ID, name or birth date: they could be anybody’s",
  ],
  no_patient_id_in_test: [
    "image without a Patient ID that may not test",
    "images without a Patient ID that may not test",
  ],
  learned_from_before: [
    "image of a person from whom an earlier dataset taught, so that it may not test",
    "images of persons from whom an earlier dataset taught, so that they may not test",
  ],
  version_undecided_in_test: [
    "image that came in two versions, undecided, so that it may not test",
    "images that came in two versions, undecided, so that they may not test",
  ],
  near_copy_not_judged: [
    "test image that looks like one of another patient in training: nobody has compared them yet",
    "test images that look like ones of other patients in training: nobody has compared them yet",
  ],
  dose_sheets: ["dose sheet", "dose sheets"],
  documents: ["scanned document", "scanned documents"],
  quality_control: ["phantom or quality control image", "phantom or quality control images"],
  screen_captures: ["screen capture", "screen captures"],
  secondary_captures: ["secondary capture", "secondary captures"],
  computed: ["reformatted or computed image", "reformatted or computed images"],
  other_modality: [
    "image of a modality that the project is not about",
    "images of modalities that the project is not about",
  ],
  other_view: [
    "image of a view that the project is not about",
    "images of views that the project is not about",
  ],
  other_body_part: [
    "image of a body part that the project is not about",
    "images of body parts that the project is not about",
  ],
  slices_and_clips: ["image of a volume or clip", "images of volumes or clips"],
  single_pictures: ["single picture", "single pictures"],
  copies_in_a_stricter_split: [
    "copy of an image that is in a stricter part",
    "copies of images that are in a stricter part",
  ],
};

export function leftOutWords(name: string, count: number): string {
  const [one, many] = leftOut[name] ?? [formatWords(name), formatWords(name)];
  return formatMany(count, one, many);
}

function Tally({
  what,
  counts,
  words,
}: {
  what: string;
  counts: Record<string, number>;
  words: (name: string, count: number) => string;
}) {
  const rows = Object.entries(counts).filter(([, count]) => count > 0);
  return rows.length > 0 ? (
    <Text size="xs" c="dimmed" data-testid="tally">
      {what}: {rows.map(([name, count]) => words(name, count)).join(" · ")}
    </Text>
  ) : null;
}

/** Cases with images that nobody has answered about; the images are among what was left out. */
function GrownCases({ count, project }: { count: number; project: string | undefined }) {
  if (count === 0) {
    return null;
  }
  const cases = project
    ? formatMany(count, "case has grown since it was read", "cases have grown since they were read")
    : formatMany(count, "case had grown since it was read", "cases had grown since they were read");
  return (
    <Text size="xs" c="yellow" data-testid="grown-cases">
      {cases}: the images that came later are left out.{" "}
      {project ? (
        <TextLink to="/worklist" search={{ project, grown: true }} size="xs">
          Worklist: grown since read
        </TextLink>
      ) : null}
    </Text>
  );
}

/** What is missing before a snapshot can be frozen. */
export function Missing({ sentences }: { sentences: string[] }) {
  return sentences.length > 0 ? (
    <Alert color="yellow" title="Not yet enough to freeze" data-testid="snapshot-missing">
      <List size="sm">
        {sentences.slice(0, 8).map((line) => (
          <List.Item key={line}>{line}</List.Item>
        ))}
      </List>
      {sentences.length > 8 ? <Text size="xs">and {sentences.length - 8} more</Text> : null}
    </Alert>
  ) : null;
}
