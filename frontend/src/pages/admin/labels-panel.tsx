import { Badge, Button, Code, ColorSwatch, Group, Table, VisuallyHidden } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeLabel, projectQuery } from "../../api/projects";
import type { LabelOut, ProjectOut } from "../../api/types";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty } from "../../ui/page-states";
import { LabelDialog } from "./label-dialog";
import { CopyLabelsDialog, ImportLabelsDialog } from "./label-set-dialogs";
import { RetireDialog } from "./retire-dialog";

/** What may be said of an image or drawn on it: coded concepts with a colour. */
export function LabelsPanel({ project }: { project: ProjectOut }) {
  const queries = useQueryClient();
  const [edited, setEdited] = useState<string | "new" | null>(null);
  const [retiring, setRetiring] = useState<LabelOut | null>(null);
  const [dialog, setDialog] = useState<"import" | "copy" | null>(null);
  const retire = useMutation({
    mutationFn: ({ label, ...fields }: { label: LabelOut; retired: boolean; successor?: string | null }) =>
      changeLabel(project.slug, label.key, fields, label.version),
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
              <Table.Th>
                <VisuallyHidden>Actions</VisuallyHidden>
              </Table.Th>
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
                  {label.successor ? <Badge color="gray">now {label.successor}</Badge> : null}
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
                    onClick={() => setEdited(label.key)}
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
                      label.retired_at ? retire.mutate({ label, retired: false }) : setRetiring(label)
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
      <RetireDialog
        key={retiring?.key ?? "none"}
        label={retiring}
        others={project.labels.filter((one) => !one.retired_at && one.key !== retiring?.key)}
        onClose={() => setRetiring(null)}
        onRetire={(label, successor) => {
          setRetiring(null);
          retire.mutate({ label, retired: true, ...(successor ? { successor } : {}) });
        }}
      />
      <LabelDialog
        key={edited}
        project={project}
        label={project.labels.find((label) => label.key === edited) ?? null}
        opened={edited !== null}
        onClose={() => setEdited(null)}
      />
    </Panel>
  );
}
