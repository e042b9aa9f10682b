import { Button, Group, List, Select, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { patientsQuery, type WithdrawalOut, withdraw, withdrawalsQuery } from "../../api/archive";
import { modelsQuery } from "../../api/models";
import { usersQuery } from "../../api/projects";
import { freezeSnapshot, isUnderWay, snapshotRequestQuery } from "../../api/snapshots";
import { formatInstant, formatMany, formatPatientName } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { ReasonDialog } from "../../ui/reason-dialog";
import { RequestProgress } from "../datasets/request-progress";

/** Who teaches no more, what learned from them, and the way to a model without them. */
export function WithdrawalsPanel() {
  const rows = useQuery(withdrawalsQuery());
  return (
    <Panel title="Withdrawn from teaching" testId="withdrawals-panel" actions={<WithdrawSomebody />}>
      <Text size="sm" c="dimmed">
        Snapshots that were frozen before stay as they are; those that are frozen from now on go without.
      </Text>
      {rows.isPending ? <Loading what="who was withdrawn" /> : null}
      {rows.isError ? (
        <Failed error={rows.error} what="who was withdrawn" onRetry={() => void rows.refetch()} />
      ) : null}
      {rows.data?.length === 0 ? <Empty title="Nobody was withdrawn" /> : null}
      {rows.data?.map((row) => (
        <Withdrawn key={row.id} row={row} />
      ))}
    </Panel>
  );
}

type Subject = { study_instance_uid: string } | { reader_id: string };

/** Search for a patient, or choose a reader, and say why they teach no more. */
function WithdrawSomebody() {
  const queries = useQueryClient();
  const users = useQuery(usersQuery);
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), 300);
  const patients = useQuery(patientsQuery(settled));
  const [subject, setSubject] = useState<Subject | null>(null);
  const say = useMutation({
    mutationFn: ({ who, reason }: { who: Subject; reason: string }) => withdraw(who, true, reason),
    onSuccess: () => notifyDone("Withdrawn: teaches no more."),
    onError: (error) => notifyError(error, "Not withdrawn"),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["archive", "withdrawals"] }),
  });
  const isReader = subject !== null && "reader_id" in subject;
  return (
    <>
      <Select
        aria-label="Patient to withdraw"
        placeholder="A patient: name or ID…"
        searchable
        size="xs"
        value={null}
        onSearchChange={setWords}
        nothingFoundMessage={settled === "" ? "Type a name or a Patient ID" : "Nobody found"}
        filter={({ options }) => options}
        onChange={(uid) => uid && setSubject({ study_instance_uid: uid })}
        data={(patients.data ?? []).map(({ study }) => ({
          value: study.study_instance_uid,
          label: `${formatPatientName(study.patient_name)} · ${study.patient_id || "no ID"}`,
        }))}
        data-testid="withdraw-patient-search"
      />
      <Select
        aria-label="Reader whose work is withdrawn"
        placeholder="A reader's work…"
        searchable
        size="xs"
        value={null}
        onChange={(id) => id && setSubject({ reader_id: id })}
        data={(users.data ?? []).map((user) => ({
          value: user.id,
          label: user.display_name || user.username,
        }))}
        data-testid="withdraw-reader"
      />
      <ReasonDialog
        opened={subject !== null}
        onClose={() => setSubject(null)}
        title={isReader ? "Withdraw a reader's work from teaching" : "Withdraw this patient from teaching"}
        body={
          isReader
            ? "Cases that they read, changed, judged or signed off are left out of the snapshots frozen from now on. Nothing is deleted."
            : "All cases under this Patient ID, and under numbers that count as the same person's, are left out of the snapshots frozen from now on. Nothing is deleted."
        }
        yes="Withdraw"
        danger
        busy={say.isPending}
        onYes={(reason) => {
          if (subject) {
            say.mutate({ who: subject, reason });
          }
          setSubject(null);
        }}
      />
    </>
  );
}

function Withdrawn({ row }: { row: WithdrawalOut }) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const again = useMutation({
    mutationFn: (reason: string) =>
      withdraw(
        row.reader_id ? { reader_id: row.reader_id } : { study_instance_uid: row.study_instance_uid },
        false,
        reason,
      ),
    onSuccess: () => notifyDone("They teach again."),
    onError: (error) => notifyError(error, "Not changed"),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["archive", "withdrawals"] }),
  });
  return (
    <section data-testid="withdrawn" aria-label={`Withdrawn: ${row.named}`}>
      <Group gap="xs" mt="sm">
        <Text fw={700}>{row.kind === "patient" ? `Patient ${row.named}` : `Work of ${row.named}`}</Text>
        <Text size="sm" c="dimmed">
          {formatInstant(row.created_at)} · {row.decided_by}: {row.reason}
        </Text>
        <Button size="compact-xs" variant="default" onClick={() => setAsking(true)}>
          Teaches again…
        </Button>
      </Group>
      <Text size="sm" data-testid="learned-from">
        {row.snapshots.length === 0
          ? "No snapshot holds their cases."
          : `${formatMany(row.snapshots.length, "snapshot", "snapshots")}, ${formatMany(
              row.versions.length,
              "version",
              "versions",
            )} and ${formatMany(row.reports.length, "report", "reports")} come from their cases.`}
      </Text>
      <List size="sm">
        {row.snapshots.map((snapshot) => (
          <List.Item key={snapshot.id}>
            <TextLink
              to="/datasets/$snapshotId/sheet"
              params={{ snapshotId: snapshot.id }}
              search={{ project: snapshot.project }}
              size="sm"
            >
              {snapshot.name}
            </TextLink>{" "}
            (
            {Object.entries(snapshot.images)
              .map(([split, images]) => `${formatMany(images, "image", "images")} in ${split}`)
              .join(", ")}
            )
          </List.Item>
        ))}
        {row.versions.map((version) => (
          <List.Item key={version.id}>
            {version.family}, version {version.number}, {version.state}
            {row.snapshots.some((one) => one.id === version.snapshot_id)
              ? ""
              : `: began with the weights of version ${version.started_from}`}
          </List.Item>
        ))}
      </List>
      {row.without.map((version) => (
        <Text key={version.id} size="sm" data-testid="learned-without">
          Version {version.number} of {version.family} learned without them.
        </Text>
      ))}
      {families(row).map((one) => (
        <RetrainWithout
          key={one.familyId}
          {...one}
          done={row.without.some((version) => version.family_id === one.familyId)}
        />
      ))}
      <ReasonDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title="Let them teach again"
        body="Their cases are part of the snapshots that are frozen from now on."
        yes="Teaches again"
        busy={again.isPending}
        onYes={(reason) => {
          again.mutate(reason);
          setAsking(false);
        }}
      />
    </section>
  );
}

interface Wanted {
  familyId: string;
  title: string;
  project: string;
  question: string;
  labelKeys: string[];
}

/** One way for each family that learned from them: what its newest such version was trained on, without them. */
function families(row: WithdrawalOut): Wanted[] {
  const found = new Map<string, Wanted>();
  for (const version of row.versions) {
    const snapshot = row.snapshots.find((one) => one.id === version.snapshot_id);
    if (snapshot) {
      found.set(version.family_id, {
        familyId: version.family_id,
        title: version.family,
        project: version.project,
        question: snapshot.question,
        labelKeys: snapshot.label_keys,
      });
    }
  }
  return [...found.values()];
}

/** Freeze anew without whoever is withdrawn, then open the training with that snapshot chosen. */
function RetrainWithout({ familyId, title, project, question, labelKeys, done }: Wanted & { done: boolean }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const families = useQuery(modelsQuery(project));
  const [asked, setAsked] = useState("");
  const request = useQuery(snapshotRequestQuery(asked));
  const freeze = useMutation({
    mutationFn: () =>
      freezeSnapshot(
        project,
        `Without the withdrawn, ${formatInstant(new Date().toISOString())}`,
        question,
        labelKeys,
      ),
    onSuccess: (row) => setAsked(row.id),
    onError: (error) => notifyError(error, "Could not freeze"),
  });
  const over = request.data && !isUnderWay(request.data) ? request.data : null;
  const slug = families.data?.find((family) => family.id === familyId)?.slug ?? familyId;
  useEffect(() => {
    if (!over) {
      return;
    }
    setAsked("");
    if (!over.snapshot) {
      notifyError(new Error(over.error?.message ?? "It was stopped."), "Nothing was frozen");
      return;
    }
    void queries.invalidateQueries({ queryKey: ["snapshots"] });
    void navigate({
      to: "/models/$family",
      params: { family: slug },
      search: { project, train: over.snapshot.id },
    });
  }, [over, queries, navigate, project, slug]);
  return (
    <div>
      {request.data && isUnderWay(request.data) ? (
        <RequestProgress request={request.data} what="Freezing without them" />
      ) : (
        <Button
          size="xs"
          mt="xs"
          variant={done ? "default" : "filled"}
          onClick={() => freeze.mutate()}
          loading={freeze.isPending || asked !== ""}
          data-testid="retrain-without"
        >
          Retrain {title} without them{done ? " again" : ""}
        </Button>
      )}
    </div>
  );
}
