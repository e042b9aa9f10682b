import { Alert, Button, Group, Progress, Select, Stack, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { projectQuery } from "../../api/projects";
import { snapshotQuery } from "../../api/snapshots";
import { type Doubt, doubtsQuery, reopenWorkitem, searchSuspects } from "../../api/suspects";
import { projectsWith, useMay, useMe } from "../../state/session";
import { formatCount, formatInstant, formatPercent } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { notifyDone, notifyError } from "../../ui/notify";
import { PageBody, Panel } from "../../ui/page";
import { Empty, Failed, Forbidden, Loading } from "../../ui/page-states";
import { ReasonDialog } from "../../ui/reason-dialog";
import { DoubtTable, saysWords } from "./doubt-table";

const route = getRouteApi("/app/datasets/doubtful");
const step = 50;

/** Which stored answers models that never saw the patient contradict: the most doubtful first. */
export function DoubtfulPage() {
  const { snapshot: id = "" } = route.useSearch();
  const readable = projectsWith(useMe(), "training.read");
  const snapshot = useQuery(snapshotQuery(id));
  const project = useQuery(projectQuery(snapshot.data?.project ?? ""));
  if (readable.length === 0) {
    return <Forbidden what="Seeing doubtful labels" />;
  }
  return (
    <PageBody
      testId="doubtful-page"
      title="Doubtful labels"
      about="Models that never saw a patient say what they think of that patient's stored answers. Where they are sure of the opposite, a second look pays most. Nothing is changed by this list: a person decides."
    >
      {snapshot.isError || project.isError ? (
        <Failed error={snapshot.error ?? project.error} what="the dataset" />
      ) : snapshot.data && project.data ? (
        <>
          <Text size="sm">
            Of dataset{" "}
            <TextLink
              to="/datasets"
              search={{ project: project.data.slug, snapshot: id }}
              size="sm"
              underline="always"
            >
              {snapshot.data.name}
            </TextLink>
            : training and validation cases. Test cases are left alone.
          </Text>
          <Doubts
            id={id}
            slug={project.data.slug}
            labels={snapshot.data.label_keys.map((key) => ({
              key,
              name: project.data.labels.find((one) => one.key === key)?.code_meaning ?? key,
            }))}
          />
        </>
      ) : (
        <Loading what="the dataset" />
      )}
    </PageBody>
  );
}

function Doubts({ id, slug, labels }: { id: string; slug: string; labels: { key: string; name: string }[] }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const maySearch = useMay("training.request", slug);
  const mayReopen = useMay("project.change", slug);
  const [label, setLabel] = useState("");
  const [limit, setLimit] = useState(step);
  const [place, setPlace] = useState(1);
  const [opening, setOpening] = useState<Doubt | null>(null);
  const doubts = useQuery(doubtsQuery(id, label, limit));
  const again = () => void queries.invalidateQueries({ queryKey: ["suspects", id] });
  const look = useMutation({
    mutationFn: () => searchSuspects(id),
    onSuccess: again,
    onError: (error) => notifyError(error, "Could not look for doubtful labels"),
  });
  const reopen = useMutation({
    mutationFn: ({ doubt, reason }: { doubt: Doubt; reason: string }) =>
      reopenWorkitem(doubt.workitem?.id ?? "", doubt.workitem?.version ?? 0, reason),
    onSuccess: () => {
      notifyDone("The case waits for review again.");
      setOpening(null);
      again();
    },
    onError: (error) => {
      notifyError(error, "Could not reopen the case");
      setOpening(null);
      again();
    },
  });
  const rows = doubts.data?.results ?? [];
  const chosen = rows.find((one) => one.place === place) ?? rows[0];
  const move = (by: number) => {
    const at = rows.findIndex((one) => one.place === chosen?.place);
    setPlace(rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.place ?? 1);
  };
  const open = (doubt: Doubt | undefined) => {
    if (doubt?.workitem) {
      void navigate({ to: "/read/$workitemId", params: { workitemId: doubt.workitem.id }, search: {} });
    }
  };
  const ask = (doubt: Doubt | undefined) => {
    if (mayReopen && doubt?.workitem && !doubt.workitem.looked_at_again) {
      setOpening(doubt);
    }
  };
  useHotkeys([
    ["j", () => move(1)],
    ["k", () => move(-1)],
    ["ArrowDown", () => move(1)],
    ["ArrowUp", () => move(-1)],
    ["Enter", () => open(chosen)],
    ["r", () => ask(chosen)],
  ]);
  if (doubts.isError) {
    return <Failed error={doubts.error} what="the doubtful labels" onRetry={() => void doubts.refetch()} />;
  }
  if (!doubts.data) {
    return <Loading what="the doubtful labels" />;
  }
  const { search, count } = doubts.data;
  const going = search?.state === "queued" || search?.state === "running";
  const nameOf = (key: string) => labels.find((one) => one.key === key)?.name ?? key;
  return (
    <Panel testId="doubts">
      <Stack gap="sm">
        <Group justify="space-between">
          <Text size="sm" data-testid="doubts-said">
            {search?.found_at
              ? `${formatCount(search.counts.suspects ?? 0)} of ${formatCount(search.counts.judged ?? 0)} answers are suspect, judged by ${search.parts} models on ${formatInstant(search.found_at)}.`
              : going
                ? "Models are learning from the other patients …"
                : "Nobody has looked for doubtful labels in this dataset yet."}
          </Text>
          <Group gap="xs">
            {labels.length > 1 && search?.found_at ? (
              <Select
                aria-label="Label"
                size="xs"
                data={[
                  { value: "", label: "All labels" },
                  ...labels.map((one) => ({ value: one.key, label: one.name })),
                ]}
                value={label}
                onChange={(value) => setLabel(value ?? "")}
              />
            ) : null}
            {maySearch && !going && !search?.found_at ? (
              <Button
                size="xs"
                loading={look.isPending}
                onClick={() => look.mutate()}
                data-testid="doubts-look"
              >
                Look for doubtful labels
              </Button>
            ) : null}
          </Group>
        </Group>
        {going ? <Progress value={100 * (search?.share ?? 0)} aria-label="Share that is done" /> : null}
        {search?.error ? (
          <Alert color="red" title="The search came to nothing">
            {search.error.message}
          </Alert>
        ) : null}
        {rows.length > 0 ? (
          <>
            <Text size="xs" c="dimmed">
              J and K move, Enter opens the case{mayReopen ? ", R reopens it for review with a reason" : ""}.
              Percentages are of models that learned from few cases: they order the list and are no diagnosis.
            </Text>
            <DoubtTable
              rows={rows}
              chosen={chosen?.place}
              nameOf={nameOf}
              mayReopen={mayReopen}
              onChoose={setPlace}
              onOpen={open}
              onReopen={ask}
            />
            {rows.length < count ? (
              <Button variant="default" size="xs" onClick={() => setLimit(limit + step)}>
                {`Show more (${formatCount(count - rows.length)} are less doubtful)`}
              </Button>
            ) : null}
          </>
        ) : search?.found_at ? (
          <Empty title="No answer was judged">This dataset holds no answer of that label to look at.</Empty>
        ) : null}
      </Stack>
      <ReasonDialog
        opened={opening !== null}
        onClose={() => setOpening(null)}
        title="Reopen this case for review"
        body={
          opening
            ? `${nameOf(opening.label_key)} is stored as ${saysWords(opening.said)}; models that never saw the patient say ${formatPercent(opening.probability)} present. The sign-off is taken back and the case waits for a reviewer.`
            : ""
        }
        yes="Reopen"
        busy={reopen.isPending}
        onYes={(reason) => opening && reopen.mutate({ doubt: opening, reason })}
      />
    </Panel>
  );
}
