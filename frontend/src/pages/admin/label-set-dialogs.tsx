import { Alert, Button, Code, FileButton, Group, Modal, Select, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { type ApiError, asApiError } from "../../api/errors";
import { copyLabelSet, importLabelSet, labelSetUrl, projectQuery } from "../../api/projects";
import type { LabelSetOut } from "../../api/types";
import { useMe } from "../../state/session";
import { ErrorLines } from "../../ui/error-lines";
import { formatMany } from "../../ui/format";
import { notifyDone } from "../../ui/notify";
import { TableHead } from "../../ui/table-head";

const example = `key,meaning,code,scheme,uses,colour
nodule,Solitary nodule of lung,427359005,SCT,image region segment,#1f8ef1
normal,Normal,17621005,SCT,image,`;

interface WrongLine {
  line: number;
  column: string;
  message: string;
}

/** The lines that the server names; shown beside the sentence. */
function wrongLines(error: ApiError): WrongLine[] {
  const { lines } = error.detail;
  return Array.isArray(lines) ? (lines as WrongLine[]) : [];
}

function toldOf({ added, unchanged }: LabelSetOut): string {
  const there = unchanged.length > 0 ? ` ${unchanged.length} were there already, just so.` : "";
  return `${formatMany(added.length, "label", "labels")} added.${there}`;
}

function useLabelSet(slug: string, onClose: () => void) {
  const queries = useQueryClient();
  return {
    onSuccess: (outcome: LabelSetOut) => {
      notifyDone(toldOf(outcome));
      void queries.invalidateQueries({ queryKey: projectQuery(slug).queryKey });
      void queries.invalidateQueries({ queryKey: ["first-steps"] });
      onClose();
    },
  };
}

function NotTaken({ error }: { error: ApiError }) {
  const lines = wrongLines(error);
  return (
    <Alert color="red" title="Nothing was imported" role="alert" data-testid="label-set-error">
      <ErrorLines error={error} />
      {lines.length > 0 ? (
        <Table mt="xs">
          <TableHead of={["Line", "Column", "What to do"]} />
          <Table.Tbody>
            {lines.map((line) => (
              <Table.Tr key={`${line.line}/${line.column}/${line.message}`}>
                <Table.Td>{line.line}</Table.Td>
                <Table.Td>{line.column}</Table.Td>
                <Table.Td>{line.message}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ) : null}
    </Alert>
  );
}

export function ImportLabelsDialog({
  slug,
  opened,
  onClose,
}: {
  slug: string;
  opened: boolean;
  onClose: () => void;
}) {
  const [file, setFile] = useState<{ name: string; content: string } | null>(null);
  const again = useRef<() => void>(null);
  const send = useMutation({
    mutationFn: (chosen: { name: string; content: string }) =>
      importLabelSet(slug, chosen.name.toLowerCase().endsWith(".json") ? "json" : "csv", chosen.content),
    ...useLabelSet(slug, onClose),
  });
  // Read when it is chosen, and forgotten by the button: a file that was mended can be chosen again.
  const choose = async (chosen: File | null) => {
    send.reset();
    setFile(chosen ? { name: chosen.name, content: await chosen.text() } : null);
    again.current?.();
  };
  return (
    <Modal opened={opened} onClose={onClose} title="Import labels" size="lg">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          A CSV file with a heading line, or JSON with the same names. Uses are image, region, segment. A
          colour may be left out. All lines come in, or none.
        </Text>
        <Code block>{example}</Code>
        <Group gap="sm">
          <FileButton
            onChange={(chosen) => void choose(chosen)}
            accept=".csv,.json,text/csv,application/json"
            resetRef={again}
          >
            {(props) => (
              <Button variant="default" {...props} data-testid="label-set-file">
                Choose a .csv or .json file
              </Button>
            )}
          </FileButton>
          <Text size="sm">{file?.name ?? "No file chosen"}</Text>
        </Group>
        {send.error ? <NotTaken error={asApiError(send.error)} /> : null}
        <Button
          disabled={!file}
          loading={send.isPending}
          onClick={() => file && send.mutate(file)}
          data-testid="label-set-import"
        >
          Import
        </Button>
        <Text size="xs" c="dimmed">
          The labels of this project as a file:{" "}
          <a href={labelSetUrl(slug, "csv")} download>
            CSV
          </a>
          ,{" "}
          <a href={labelSetUrl(slug, "json")} download>
            JSON
          </a>
        </Text>
      </Stack>
    </Modal>
  );
}

export function CopyLabelsDialog({
  slug,
  opened,
  onClose,
}: {
  slug: string;
  opened: boolean;
  onClose: () => void;
}) {
  const me = useMe();
  const [source, setSource] = useState<string | null>(null);
  const others = (me?.projects ?? []).filter((row) => row.slug !== slug);
  const send = useMutation({
    mutationFn: (from: string) => copyLabelSet(slug, from),
    ...useLabelSet(slug, onClose),
  });
  return (
    <Modal opened={opened} onClose={onClose} title="Copy the labels of another project">
      <Stack gap="sm">
        <Select
          label="Project"
          placeholder={others.length > 0 ? "Choose a project" : "You are in no other project"}
          data={others.map((row) => ({ value: row.slug, label: row.title }))}
          value={source}
          onChange={setSource}
          data-testid="label-set-source"
        />
        {send.error ? <NotTaken error={asApiError(send.error)} /> : null}
        <Button
          disabled={!source}
          loading={send.isPending}
          onClick={() => source && send.mutate(source)}
          data-testid="label-set-copy"
        >
          Copy
        </Button>
      </Stack>
    </Modal>
  );
}
