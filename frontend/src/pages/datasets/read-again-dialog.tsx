import {
  Alert,
  Button,
  Checkbox,
  Group,
  Modal,
  NumberInput,
  Select,
  Stack,
  Table,
  Text,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { asApiError } from "../../api/errors";
import { type BlindReadingCase, blindReadingsQuery, readAgain } from "../../api/second-readings";
import { formatCount, formatDay, formatMany } from "../../ui/format";
import { notifyDone } from "../../ui/notify";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { ReasonField } from "../../ui/reason-field";
import { TableHead } from "../../ui/table-head";
import { lacks } from "./teaching-words";

type Refusal = BlindReadingCase["refused"][string];

const refusalWords: Record<Refusal, string> = {
  second_reader_read_it: "has read it",
  second_reader_saw_model: "has seen the model’s opinion",
  second_reader_saw_reading: "has seen what others said",
};

const changedKeys = [["snapshot-requests"], ["snapshot-preview"], ["workitems"]];

const casesWords = (count: number): string => formatMany(count, "case", "cases");

/** Choose who reads again, blind, which of the test patients’ cases that nobody has read blind. */
export function ReadAgainDialog({
  request,
  opened,
  onClose,
  nameOf,
}: {
  request: string;
  opened: boolean;
  onClose: () => void;
  nameOf: (key: string) => string;
}) {
  return (
    <Modal opened={opened} onClose={onClose} title="Have cases read again, blind" size="xl">
      {opened ? <Choice request={request} onClose={onClose} nameOf={nameOf} /> : null}
    </Modal>
  );
}

function Choice({
  request,
  onClose,
  nameOf,
}: {
  request: string;
  onClose: () => void;
  nameOf: (key: string) => string;
}) {
  const queries = useQueryClient();
  // What was counted when the dialog was opened: each case that is given makes the page count anew behind it.
  const [counted] = useState(request);
  const lacking = useQuery(blindReadingsQuery(counted));
  const [reader, setReader] = useState<string | null>(null);
  const [left, setLeft] = useState<string[]>([]);
  const [reason, setReason] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const changed = useRef(false);
  useEffect(
    () => () => {
      for (const queryKey of changed.current ? changedKeys : []) {
        void queries.invalidateQueries({ queryKey });
      }
    },
    [queries],
  );
  const ready = (lacking.data?.cases.length ?? 0) > 0;
  useEffect(() => {
    if (ready) {
      field.current?.focus();
    }
  }, [ready]);
  const cases = lacking.data?.cases ?? [];
  const readableBy = (person: string) => cases.filter((row) => !(person in row.refused));
  const able = reader ? readableBy(reader) : [];
  const chosen = able.filter((row) => !left.includes(row.id));
  const name = lacking.data?.people.find((one) => one.id === reader)?.display_name ?? "";
  const [failed, setFailed] = useState<Stopped | null>(null);
  const give = useMutation({
    mutationFn: async () => {
      setFailed(null);
      for (const [at, row] of chosen.entries()) {
        try {
          await readAgain(row, reader ?? "", reason.trim());
        } catch (thrown) {
          setFailed({
            given: chosen.slice(0, at),
            at: row,
            rest: chosen.slice(at + 1),
            to: name,
            why: asApiError(thrown).message,
          });
          throw thrown;
        }
      }
    },
    onSuccess: () => {
      notifyDone(
        `${name} reads ${casesWords(chosen.length)} again. They wait under Worklist, “in progress”.`,
      );
      onClose();
    },
    // What is left of these cases; the page counts anew when the dialog is closed, which would take them away.
    onError: () => void lacking.refetch(),
    onSettled: () => {
      changed.current = true;
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    give.mutate();
  };
  if (lacking.isError) {
    return <Failed error={lacking.error} what="these cases" onRetry={() => void lacking.refetch()} />;
  }
  if (!lacking.data) {
    return <Loading what="these cases" />;
  }
  if (cases.length === 0) {
    return (
      <>
        {failed ? <Halfway {...failed} /> : null}
        <Empty title="No signed-off case lacks a blind reading any more">
          Count again to see what is left.
        </Empty>
      </>
    );
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {failed ? <Halfway {...failed} /> : null}
        <Text size="sm">
          Each sign-off is taken back. The second reader sees neither the model’s opinion nor the first
          reading before they hand in; then a reviewer decides. What the second reader says blind may test the
          models.
        </Text>
        <Group align="flex-end" gap="sm">
          <Select
            label="Second reader"
            placeholder="Choose who reads"
            required
            searchable
            ref={field}
            w={340}
            value={reader}
            onChange={(id) => {
              setReader(id);
              setLeft([]);
            }}
            data={lacking.data.people.map((one) => ({
              value: one.id,
              label: `${one.display_name}: can read ${formatCount(readableBy(one.id).length)} of ${formatCount(cases.length)}`,
              disabled: readableBy(one.id).length === 0,
            }))}
            data-testid="second-reader"
          />
          <NumberInput
            label="How many cases"
            w={120}
            min={reader ? 1 : 0}
            max={able.length}
            value={chosen.length}
            disabled={!reader}
            onChange={(value) => setLeft(able.slice(Math.max(0, Number(value) || 0)).map((row) => row.id))}
            data-testid="second-count"
          />
        </Group>
        <Table.ScrollContainer minWidth={500} mah={280}>
          <Table stickyHeader>
            <TableHead of={["Read", "Patient", "Study", "Lacks", "First reader"]} />
            <Table.Tbody>
              {cases.map((row) => (
                <Table.Tr key={row.id} data-testid="second-case">
                  <Table.Td>
                    <Checkbox
                      aria-label={`Have ${row.patient_id || "this case"} read again`}
                      disabled={!reader || reader in row.refused}
                      checked={chosen.includes(row)}
                      onChange={(event) =>
                        setLeft(
                          event.currentTarget.checked
                            ? left.filter((id) => id !== row.id)
                            : [...left, row.id],
                        )
                      }
                    />
                  </Table.Td>
                  <Table.Td>{row.patient_id || "no ID"}</Table.Td>
                  <Table.Td>
                    {[formatDay(row.study_date), row.study_description].filter(Boolean).join(" · ")}
                  </Table.Td>
                  <Table.Td>{lacksOf(row, nameOf)}</Table.Td>
                  <Table.Td>
                    {row.readers.map((one) => one.display_name).join(", ")}
                    {reader && row.refused[reader] ? (
                      <Text size="xs" c="dimmed" data-testid="second-refused">
                        {name} {refusalWords[row.refused[reader]]}
                      </Text>
                    ) : null}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        {lacking.data.count > cases.length ? (
          <Text size="xs" c="dimmed">
            The first {formatCount(cases.length)} of {formatCount(lacking.data.count)}.
          </Text>
        ) : null}
        <ReasonField
          value={reason}
          onChange={setReason}
          description="Kept with your name in the history and the audit trail; the second reader does not see it."
          maxLength={500}
          testId="second-reason"
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Keep as it is
          </Button>
          <Button
            type="submit"
            loading={give.isPending}
            disabled={chosen.length === 0 || reason.trim() === ""}
            data-testid="second-give"
          >
            {chosen.length > 0 ? `Have ${casesWords(chosen.length)} read again` : "Have them read again"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface Stopped {
  given: BlindReadingCase[];
  at: BlindReadingCase;
  rest: BlindReadingCase[];
  to: string;
  why: string;
}

const named = (rows: BlindReadingCase[]): string => rows.map((row) => row.patient_id || "no ID").join(", ");

/** The cases are given one by one: which were, when one was refused, and which were not. */
function Halfway({ given, at, rest, to, why }: Stopped) {
  return (
    <Alert color="yellow" title="Not every case was given" role="alert" data-testid="second-halfway">
      <Text size="sm">{given.length > 0 ? `Given to ${to}: ${named(given)}.` : "None was given."}</Text>
      <Text size="sm">
        Refused: {named([at])}. {why}
      </Text>
      {rest.length > 0 ? <Text size="sm">Not tried after that: {named(rest)}.</Text> : null}
    </Alert>
  );
}

const lacksOf = (row: BlindReadingCase, nameOf: (key: string) => string): string =>
  Object.entries(row.why)
    .map(([key, why]) => `${nameOf(key)} ${lacks[why][0]}`)
    .join(", ");
