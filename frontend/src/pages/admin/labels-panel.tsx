import { Badge, Button, Code, ColorSwatch, Group, Table } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeLabel, projectQuery } from "../../api/projects";
import type { LabelOut, ProjectOut } from "../../api/types";
import { useConfirm } from "../../ui/confirm";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty } from "../../ui/page-states";
import { LabelDialog } from "./label-dialog";
import { CopyLabelsDialog, ImportLabelsDialog } from "./label-set-dialogs";

/** What may be said of an image or drawn on it: coded concepts with a colour. */
export function LabelsPanel({ project }: { project: ProjectOut }) {
  const queries = useQueryClient();
  const confirm = useConfirm();
  const [edited, setEdited] = useState<LabelOut | "new" | null>(null);
  const [dialog, setDialog] = useState<"import" | "copy" | null>(null);
  const retire = useMutation({
    mutationFn: ({ label, retired }: { label: LabelOut; retired: boolean }) =>
      changeLabel(project.slug, label.key, { retired }),
    onSuccess: () => {
      notifyDone("Label changed.");
      void queries.invalidateQueries({ queryKey: projectQuery(project.slug).queryKey });
    },
    onError: (error) => notifyError(error, "Could not change the label"),
  });
  return (
    <Panel
      title="Labels"
      testId="labels-panel"
      actions={
        <>
          <Button variant="default" onClick={() => setDialog("copy")} data-testid="label-set-open-copy">
            Copy from a project
          </Button>
          <Button variant="default" onClick={() => setDialog("import")} data-testid="label-set-open-import">
            Import or export
          </Button>
          <Button onClick={() => setEdited("new")} data-testid="label-create">
            Add a label
          </Button>
        </>
      }
    >
      {project.labels.length === 0 ? (
        <Empty title="No labels yet">
          Readers need at least one label to say what they see. Each one is a coded concept, so that exports
          mean the same elsewhere. Add them one by one, import a file, or copy another project's.
        </Empty>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Colour</Table.Th>
              <Table.Th>Meaning</Table.Th>
              <Table.Th>Key</Table.Th>
              <Table.Th>Code</Table.Th>
              <Table.Th>Used for</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {project.labels.map((label) => (
              <Table.Tr key={label.key} data-testid={`label-${label.key}`}>
                <Table.Td>
                  <ColorSwatch color={label.color} size={16} title={label.color} />
                </Table.Td>
                <Table.Td>
                  {label.code_meaning} {label.retired_at ? <Badge color="gray">retired</Badge> : null}
                </Table.Td>
                <Table.Td>
                  <Code>{label.key}</Code>
                </Table.Td>
                <Table.Td>
                  ({label.code_value}, {label.coding_scheme_designator})
                </Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    {label.uses.map((use) => (
                      <Badge key={use} color="gray">
                        {use}
                      </Badge>
                    ))}
                  </Group>
                </Table.Td>
                <Table.Td ta="right">
                  <Button
                    variant="subtle"
                    size="compact-xs"
                    onClick={() => setEdited(label)}
                    aria-label={`Change ${label.code_meaning}`}
                  >
                    Change
                  </Button>
                  <Button
                    variant="subtle"
                    size="compact-xs"
                    color={label.retired_at ? "signal" : "red"}
                    aria-label={`${label.retired_at ? "Bring back" : "Retire"} ${label.code_meaning}`}
                    onClick={() =>
                      label.retired_at
                        ? retire.mutate({ label, retired: false })
                        : confirm({
                            title: `Retire “${label.code_meaning}”?`,
                            body: "Readers can no longer choose it; findings that carry it stay as they are.",
                            yes: "Retire",
                            danger: true,
                            onYes: () => retire.mutate({ label, retired: true }),
                          })
                    }
                  >
                    {label.retired_at ? "Bring back" : "Retire"}
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <ImportLabelsDialog slug={project.slug} opened={dialog === "import"} onClose={() => setDialog(null)} />
      <CopyLabelsDialog slug={project.slug} opened={dialog === "copy"} onClose={() => setDialog(null)} />
      <LabelDialog
        key={edited === "new" ? "new" : edited?.key}
        project={project}
        label={edited === "new" ? null : edited}
        opened={edited !== null}
        onClose={() => setEdited(null)}
      />
    </Panel>
  );
}
