import { Button, Modal, Stack, Table, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { meQuery } from "../../api/auth";
import { createProject } from "../../api/projects";
import { projectsWith, useMay, useMe } from "../../state/session";
import { slugOf } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { notifyError } from "../../ui/notify";
import { PageBody, Panel } from "../../ui/page";
import { Empty, Forbidden } from "../../ui/page-states";
import { TableHead } from "../../ui/table-head";

export function ProjectsPage() {
  const me = useMe();
  const mayCreate = useMay("project.create");
  const [creating, setCreating] = useState(false);
  const projects = projectsWith(me, "project.change");
  if (projects.length === 0 && !mayCreate) {
    return <Forbidden what="Managing projects" />;
  }
  return (
    <PageBody
      testId="projects-page"
      title="Projects"
      about="A project is the unit of access: its members see its studies, findings and models."
      actions={
        mayCreate ? (
          <Button onClick={() => setCreating(true)} data-testid="project-create">
            New project
          </Button>
        ) : null
      }
    >
      <Panel>
        {projects.length === 0 ? <Empty title="No projects yet">Make the first one.</Empty> : null}
        <Table highlightOnHover>
          <TableHead of={["Title", "Short name", "You are"]} />
          <Table.Tbody>
            {projects.map((project) => (
              <Table.Tr key={project.slug}>
                <Table.Td>
                  <TextLink
                    to="/admin/projects/$slug"
                    params={{ slug: project.slug }}
                    data-testid={`project-${project.slug}`}
                  >
                    {project.title}
                  </TextLink>
                </Table.Td>
                <Table.Td>{project.slug}</Table.Td>
                <Table.Td>{project.role}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Panel>
      <CreateProjectDialog opened={creating} onClose={() => setCreating(false)} />
    </PageBody>
  );
}

function CreateProjectDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [title, setTitle] = useState("");
  const [description, setDescription] = useState("");
  const [shortName, setShortName] = useState<string | null>(null);
  const slug = shortName ?? slugOf(title);
  const create = useMutation({
    mutationFn: () => createProject({ slug, title: title.trim(), description }),
    onSuccess: async (project) => {
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      setTitle("");
      setDescription("");
      setShortName(null);
      onClose();
      await navigate({ to: "/admin/projects/$slug", params: { slug: project.slug } });
    },
    onError: (error) => notifyError(error, "Could not make the project"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Modal opened={opened} onClose={onClose} title="New project">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Title"
            required
            maxLength={120}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
            data-autofocus
          />
          <TextInput
            label="Short name"
            description="For addresses and programs: small letters, digits and hyphens. It stays as it is."
            required
            maxLength={60}
            pattern="[a-z0-9]+(-[a-z0-9]+)*"
            value={slug}
            onChange={(event) => setShortName(event.currentTarget.value)}
          />
          <Textarea
            label="What is it about?"
            autosize
            minRows={2}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Button type="submit" loading={create.isPending} disabled={slug === ""}>
            Make it
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
