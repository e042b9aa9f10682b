import { Table, Text } from "@mantine/core";
import type { SheetOut } from "../../api/types";
import { samePersonInWords } from "../../state/same-person-words";
import { formatCount, formatWords } from "../../ui/format";
import { Facts, Panel } from "../../ui/page";
import { provenanceWords } from "./teaching-words";

interface Label {
  key: string;
  name: string;
}

const splits = ["train", "validation", "test"] as const;

/** Where the answers of each label come from, and what they weigh, by split. */
export function Answers({ sheet, labels }: { sheet: SheetOut; labels: Label[] }) {
  return (
    <Panel title="Where the answers come from" testId="sheet-provenance">
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Label</Table.Th>
            <Table.Th>Answer</Table.Th>
            {splits.map((split) => (
              <Table.Th key={split} ta="right">
                {formatWords(split)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {labels.flatMap(({ key, name }) => {
            const found = sheet.provenance[key];
            const names = [...new Set(splits.flatMap((split) => Object.keys(found?.[split] ?? {})))].sort();
            const lines = names.map((provenance) => (
              <Table.Tr key={`${key}-${provenance}`}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>{provenanceWords(provenance)}</Table.Td>
                {splits.map((split) => (
                  <Table.Td key={split} ta="right">
                    {formatCount(found?.[split]?.[provenance] ?? 0)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ));
            return [
              ...lines,
              <Table.Tr key={`${key}-weight`}>
                <Table.Td>{name}</Table.Td>
                <Table.Td c="dimmed">sum of weights</Table.Td>
                {splits.map((split) => (
                  <Table.Td key={split} ta="right" c="dimmed">
                    {(sheet.weights[key]?.[split] ?? 0).toFixed(1)}
                  </Table.Td>
                ))}
              </Table.Tr>,
            ];
          })}
        </Table.Tbody>
      </Table>
    </Panel>
  );
}

const groupNames: Record<string, string> = {
  sex: "Sex",
  age_band: "Age at the study",
  view: "View",
  scanner: "Scanner",
  site: "Institution",
};

/** Images and patients by sex, age, view, scanner and institution. */
export function SubgroupTable({ sheet, labels }: { sheet: SheetOut; labels: Label[] }) {
  return (
    <Panel title="Of whom, how and where" testId="sheet-subgroups">
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Group</Table.Th>
            <Table.Th>Value</Table.Th>
            {splits.map((split) => (
              <Table.Th key={split} ta="right">
                {formatWords(split)}: images (patients)
              </Table.Th>
            ))}
            {labels.map((label) => (
              <Table.Th key={label.key} ta="right">
                {label.name}: present / absent
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {Object.entries(sheet.subgroups).flatMap(([group, values]) =>
            Object.entries(values).map(([value, found]) => (
              <Table.Tr key={`${group}-${value}`}>
                <Table.Td>{groupNames[group] ?? formatWords(group)}</Table.Td>
                <Table.Td>{value}</Table.Td>
                {splits.map((split) => (
                  <Table.Td key={split} ta="right">
                    {formatCount(found[split]?.cases ?? 0)} ({formatCount(found[split]?.patients ?? 0)})
                  </Table.Td>
                ))}
                {labels.map(({ key }) => (
                  <Table.Td key={key} ta="right">
                    {splits.reduce((sum, split) => sum + (found[split]?.labels[key]?.positive ?? 0), 0)} /{" "}
                    {splits.reduce((sum, split) => sum + (found[split]?.labels[key]?.negative ?? 0), 0)}
                  </Table.Td>
                ))}
              </Table.Tr>
            )),
          )}
        </Table.Tbody>
      </Table>
    </Panel>
  );
}

/** Numbers that count as one person's. */
export function PersonsFacts({ sheet }: { sheet: SheetOut }) {
  const { persons, moved } = sheet;
  const reasons = Object.entries(persons.reasons)
    .map(([why, times]) => `${samePersonInWords(why)} (${times})`)
    .join(", ");
  const shifted = Object.entries(persons.images_in_a_stricter_split)
    .map(([way, images]) => `${way}: ${images}`)
    .join(", ");
  return (
    <Panel title="Persons and their numbers" testId="sheet-persons">
      <Facts
        rows={[
          ["Persons", `${formatCount(persons.persons)} under ${formatCount(persons.numbers)} numbers`],
          ["With several numbers", formatCount(persons.persons_with_several_numbers)],
          ["Because of", reasons || "–"],
          ["Images in a stricter part by it", shifted || "none"],
          ["Undecided Patient IDs (count as one person)", formatCount(persons.undecided_identities)],
          ["Without a Patient ID (never test)", formatCount(persons.without_patient_id)],
          ["Studies that stood elsewhere in an older snapshot", formatCount(moved.length)],
        ]}
      />
      {moved.slice(0, 20).map((one) => (
        <Text key={one.study_instance_uid} size="xs" c="dimmed">
          {one.study_instance_uid}: {one.from_split} → {one.to_split}
        </Text>
      ))}
      {moved.length > 20 ? <Text size="xs">and {moved.length - 20} more, in the JSON</Text> : null}
    </Panel>
  );
}

const unseen: Record<string, string> = {
  plain: "plain all over",
  many_frames: "several frames, or a slice of a volume",
  unreadable: "cannot be decoded",
  missing: "nobody looked yet",
};

/** Copies, near copies, and what could not be compared. */
export function PicturesFacts({ sheet }: { sheet: SheetOut }) {
  const { copies, near_copies: near, compared } = sheet;
  const why = Object.entries(compared.why_without_looks)
    .map(([code, images]) => `${unseen[code] ?? formatWords(code)} (${images})`)
    .join(", ");
  return (
    <Panel title="Pictures that came twice" testId="sheet-pictures">
      <Facts
        rows={[
          ["The same picture under several numbers", `${copies.pictures} (${copies.images} images)`],
          ["Of these left out", formatCount(copies.left_out)],
          [
            "Pairs that look alike",
            `${near.pairs}: ${near.one_picture} one picture, ${near.different} different, ${near.not_judged} not judged`,
          ],
          ["Images compared", formatCount(compared.pictures)],
          ["Not by decoded pixels", formatCount(compared.without_decoded_digest)],
          [
            "Not by their looks",
            why ? `${compared.without_looks}: ${why}` : formatCount(compared.without_looks),
          ],
        ]}
      />
    </Panel>
  );
}

/** How far two readers of one case agree. */
export function AgreementTable({ sheet, labels }: { sheet: SheetOut; labels: Label[] }) {
  const read = labels.filter(({ key }) => (sheet.agreement[key]?.pairs ?? 0) > 0);
  return (
    <Panel title="Where two people read the same case" testId="sheet-agreement">
      {read.length === 0 ? (
        <Text size="sm">No case was read by two people, so nothing is known of how far readers agree.</Text>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Label</Table.Th>
              <Table.Th ta="right">Pairs of readings</Table.Th>
              <Table.Th ta="right">Both present / both absent / differ</Table.Th>
              <Table.Th ta="right">Cohen's kappa (95 % interval)</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {read.map(({ key, name }) => {
              const found = sheet.agreement[key];
              return found ? (
                <Table.Tr key={key}>
                  <Table.Td>{name}</Table.Td>
                  <Table.Td ta="right">{found.pairs}</Table.Td>
                  <Table.Td ta="right">
                    {found.both_present} / {found.both_absent} / {found.differ}
                  </Table.Td>
                  <Table.Td ta="right">
                    {found.kappa === null
                      ? "says nothing: all answers are one"
                      : `${found.kappa.toFixed(2)} (${found.low?.toFixed(2)} to ${found.high?.toFixed(2)})`}
                  </Table.Td>
                </Table.Tr>
              ) : null;
            })}
          </Table.Tbody>
        </Table>
      )}
    </Panel>
  );
}
