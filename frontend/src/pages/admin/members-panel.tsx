import { Button, Group, Select, Table, VisuallyHidden } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { projectQuery, removeMember, setMember, usersQuery } from "../../api/projects";
import type { ProjectOut, RoleName } from "../../api/types";
import { useMay } from "../../state/session";
import { useConfirm } from "../../ui/confirm";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty } from "../../ui/page-states";
import { RoleSelect } from "../../ui/role-select";
import { useAskAboutCases } from "./use-ask-about-cases";

/** Who belongs to the project, and as what. */
export function MembersPanel({ project }: { project: ProjectOut }) {
  const queries = useQueryClient();
  const confirm = useConfirm();
  const askAboutCases = useAskAboutCases();
  const mayList = useMay("user.change");
  const users = useQuery({ ...usersQuery, enabled: mayList });
  const [person, setPerson] = useState<string | null>(null);
  const [role, setRole] = useState<RoleName>("radiologist");
  const fresh = () => void queries.invalidateQueries({ queryKey: projectQuery(project.slug).queryKey });
  const put = useMutation({
    mutationFn: (member: { id: string; role: RoleName }) => setMember(project.slug, member.id, member.role),
    onSuccess: () => {
      notifyDone("Members changed.");
      setPerson(null);
      fresh();
    },
    onError: (error) => notifyError(error, "Could not change the members"),
  });
  const drop = useMutation({
    mutationFn: (id: string) => removeMember(project.slug, id),
    onSuccess: () => {
      notifyDone("Member removed.");
      fresh();
    },
    onError: (error) => notifyError(error, "Could not remove the member"),
  });
  const members = new Set(project.members.map((member) => member.user.id));
  const others = (users.data ?? []).filter((user) => user.is_active && !members.has(user.id));
  return (
    <Panel title="Members" testId="members-panel">
      {mayList ? (
        <Group align="flex-end" gap="xs" mb="sm">
          <Select
            label="Person"
            placeholder={others.length > 0 ? "Choose somebody" : "Everybody is a member"}
            searchable
            w={260}
            data={others.map((user) => ({ value: user.id, label: user.display_name || user.username }))}
            value={person}
            onChange={setPerson}
            data-testid="member-person"
          />
          <RoleSelect label="Role here" showLabel value={role} onChange={setRole} />
          <Button
            disabled={!person}
            loading={put.isPending}
            onClick={() => person && put.mutate({ id: person, role })}
            data-testid="member-add"
          >
            Add
          </Button>
        </Group>
      ) : null}
      {project.members.length === 0 ? (
        <Empty title="No members yet">Only installation admins see this project.</Empty>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Role here</Table.Th>
              <Table.Th>
                <VisuallyHidden>Actions</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {project.members.map((member) => (
              <Table.Tr key={member.user.id}>
                <Table.Td>{member.user.display_name}</Table.Td>
                <Table.Td w={190}>
                  <RoleSelect
                    label={`Role of ${member.user.display_name}`}
                    value={member.role}
                    disabled={put.isPending}
                    onChange={(chosen) => {
                      const run = () => put.mutate({ id: member.user.id, role: chosen });
                      if (mayList) {
                        void askAboutCases({
                          id: member.user.id,
                          title: `Give ${member.user.display_name} another role?`,
                          yes: "Change the role",
                          project: project.slug,
                          run,
                        });
                      } else {
                        run();
                      }
                    }}
                  />
                </Table.Td>
                <Table.Td ta="right">
                  <Button
                    variant="subtle"
                    color="red"
                    size="compact-xs"
                    aria-label={`Remove ${member.user.display_name}`}
                    onClick={() =>
                      confirm({
                        title: `Remove ${member.user.display_name}?`,
                        body: "They no longer see the project. What they have written stays, with their name; a case they have in hand goes back on the worklist.",
                        yes: "Remove",
                        danger: true,
                        onYes: () => drop.mutate(member.user.id),
                      })
                    }
                  >
                    Remove
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Panel>
  );
}
