import {
  Alert,
  Button,
  Code,
  Group,
  Select,
  Table,
  Text,
  TextInput,
  Tooltip,
  VisuallyHidden,
} from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { type FormEvent, Fragment, useEffect, useState } from "react";
import { type AuditFilters, auditQuery, verifyAudit } from "../../api/system";
import type { AuditEventOut } from "../../api/types";
import { useMay } from "../../state/session";
import { auditWords } from "../../ui/audit-words";
import { formatCount, formatInstant } from "../../ui/format";
import { notifyError } from "../../ui/notify";
import { PageBody, Panel } from "../../ui/page";
import { Empty, Failed, Forbidden, Loading } from "../../ui/page-states";

const kinds = Object.entries(auditWords)
  .map(([value, words]) => ({ value, label: `${words} · ${value}` }))
  .sort((one, other) => one.label.localeCompare(other.label));

/** Outcomes that nobody has to look at: what was wanted happened, or was found to be well. */
const quiet = new Set(["success", "intact", "same", "different", "keep", "supersede"]);

const route = getRouteApi("/app/admin/audit");
const filterNames: { name: keyof AuditFilters; label: string; hint: string }[] = [
  { name: "actor", label: "Who", hint: "user name" },
  { name: "object_kind", label: "Kind of thing", hint: "workitem" },
  { name: "object_id", label: "Its id", hint: "" },
];

export function AuditPage() {
  const allowed = useMay("audit.read");
  return allowed ? <AuditTrail /> : <Forbidden what="Reading the audit trail" />;
}

function AuditTrail() {
  const { project: _project, ...filters } = route.useSearch();
  const navigate = useNavigate();
  const trail = useInfiniteQuery(auditQuery(filters));
  const [typed, setTyped] = useState<AuditFilters>(filters);
  const asked = JSON.stringify(filters);
  useEffect(() => setTyped(JSON.parse(asked) as AuditFilters), [asked]);
  const events = trail.data?.pages.flatMap((page) => page.results) ?? [];
  const go = (wanted: AuditFilters) =>
    void navigate({
      to: "/admin/audit",
      search: Object.fromEntries(Object.entries(wanted).filter(([, value]) => value?.trim())),
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go(typed);
  };
  return (
    <PageBody
      testId="audit-page"
      title="Audit trail"
      about="Every write and every read of images, in a chain of hashes: a changed or missing entry is found by verifying it. Reading the trail is recorded too."
    >
      <VerifyPanel />
      <Panel>
        <form onSubmit={submit}>
          <Group align="flex-end" gap="xs" mb="sm">
            <Select
              label="What"
              placeholder="everything"
              searchable
              clearable
              data={kinds}
              value={typed.event_type ?? null}
              onChange={(value) => setTyped({ ...typed, event_type: value ?? undefined })}
              data-testid="audit-filter-event_type"
            />
            {filterNames.map(({ name, label, hint }) => (
              <TextInput
                key={name}
                label={label}
                placeholder={hint}
                value={typed[name] ?? ""}
                onChange={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
                data-testid={`audit-filter-${name}`}
              />
            ))}
            <Button type="submit" data-testid="audit-apply">
              Filter
            </Button>
            <Button variant="default" onClick={() => go({})}>
              Clear
            </Button>
            <Button variant="default" onClick={() => void trail.refetch()} loading={trail.isRefetching}>
              Refresh
            </Button>
          </Group>
        </form>
        {trail.isPending ? <Loading what="the audit trail" /> : null}
        {trail.isError ? (
          <Failed error={trail.error} what="the audit trail" onRetry={() => void trail.refetch()} />
        ) : null}
        {trail.isSuccess && events.length === 0 ? (
          <Empty title="No event matches">Clear a filter.</Empty>
        ) : null}
        {events.length > 0 ? <AuditTable events={events} onFilter={go} /> : null}
        {trail.hasNextPage ? (
          <Group justify="center" mt="sm">
            <Button
              variant="default"
              loading={trail.isFetchingNextPage}
              onClick={() => void trail.fetchNextPage()}
              data-testid="audit-more"
            >
              Older events
            </Button>
          </Group>
        ) : null}
      </Panel>
    </PageBody>
  );
}

function VerifyPanel() {
  const verify = useMutation({
    mutationFn: verifyAudit,
    onError: (error) => notifyError(error, "Could not verify"),
  });
  return (
    <Group align="center" gap="md">
      <Button
        leftSection={<IconShieldCheck size={15} aria-hidden />}
        loading={verify.isPending}
        onClick={() => verify.mutate()}
        data-testid="audit-verify"
      >
        Verify the chain
      </Button>
      {verify.data ? (
        <Alert
          color={verify.data.intact ? "green" : "red"}
          p="xs"
          flex={1}
          role="status"
          data-testid="audit-verdict"
          data-intact={verify.data.intact}
        >
          {verify.data.intact ? (
            `Intact: all ${formatCount(verify.data.events)} events are as they were written.`
          ) : (
            <>
              <Text fw={600}>Not intact. Stop using this installation and restore a backup.</Text>
              {verify.data.broken.map((fault) => (
                <div key={`${fault.chain} ${fault.fault}`}>
                  {fault.chain}: {fault.fault}
                </div>
              ))}
            </>
          )}
        </Alert>
      ) : null}
    </Group>
  );
}

function AuditTable({
  events,
  onFilter,
}: {
  events: AuditEventOut[];
  onFilter: (wanted: AuditFilters) => void;
}) {
  const [open, setOpen] = useState<number | null>(null);
  return (
    <Table highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>When</Table.Th>
          <Table.Th>Who</Table.Th>
          <Table.Th>What</Table.Th>
          <Table.Th>On</Table.Th>
          <Table.Th>Outcome</Table.Th>
          <Table.Th>From</Table.Th>
          <Table.Th>
            <VisuallyHidden>Details</VisuallyHidden>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {events.map((event) => (
          <Fragment key={event.id}>
            <Table.Tr data-testid="audit-row">
              <Table.Td>{formatInstant(event.occurred_at)}</Table.Td>
              <Table.Td>
                {event.actor_name}
                <Text span size="xs" c="dimmed">
                  {" "}
                  {event.actor_role}
                </Text>
              </Table.Td>
              <Table.Td>
                <Tooltip label={`Only ${event.event_type}`}>
                  <Button
                    variant="subtle"
                    size="compact-xs"
                    onClick={() => onFilter({ event_type: event.event_type })}
                  >
                    {auditWords[event.event_type] ?? event.event_type}
                  </Button>
                </Tooltip>
                <Text span size="xs" c="dimmed">
                  {event.event_type}
                </Text>
              </Table.Td>
              <Table.Td>
                {event.object_kind}{" "}
                {event.object_id ? (
                  <Button
                    variant="subtle"
                    size="compact-xs"
                    color="gray"
                    title={event.object_id}
                    onClick={() => onFilter({ object_kind: event.object_kind, object_id: event.object_id })}
                  >
                    {event.object_id.length > 12 ? `${event.object_id.slice(0, 12)}…` : event.object_id}
                  </Button>
                ) : null}
              </Table.Td>
              <Table.Td>
                <Text span size="sm" c={quiet.has(event.outcome) ? undefined : "yellow"}>
                  {event.outcome}
                </Text>
              </Table.Td>
              <Table.Td>{event.source || "–"}</Table.Td>
              <Table.Td ta="right">
                <Button
                  variant="subtle"
                  size="compact-xs"
                  aria-expanded={open === event.id}
                  onClick={() => setOpen(open === event.id ? null : event.id)}
                >
                  {open === event.id ? "Less" : "More"}
                </Button>
              </Table.Td>
            </Table.Tr>
            {open === event.id ? (
              <Table.Tr>
                <Table.Td colSpan={7}>
                  <Code block fz="xs">
                    {JSON.stringify(event, null, 2)}
                  </Code>
                </Table.Td>
              </Table.Tr>
            ) : null}
          </Fragment>
        ))}
      </Table.Tbody>
    </Table>
  );
}
