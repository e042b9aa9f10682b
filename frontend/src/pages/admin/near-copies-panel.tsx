import { Button, Group, Image, Kbd, SimpleGrid, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type DecisionState, decideNearCopy, type NearCopyOut, nearCopiesQuery } from "../../api/archive";
import { formatDay, formatInstant, formatPatientName } from "../../ui/format";
import { notifyDone, notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";

/** Two pictures of different patients that look alike, side by side: one picture, or two? */
export function NearCopiesPanel({ state }: { state: DecisionState }) {
  const pairs = useQuery(nearCopiesQuery(state));
  const [place, setPlace] = useState(0);
  const rows = pairs.data?.results ?? [];
  const at = Math.min(place, Math.max(0, rows.length - 1));
  const pair = rows[at];
  return (
    <Panel
      title="Pictures of different patients that look alike"
      testId="near-copies-panel"
      actions={
        pair ? (
          <Text size="sm" c="dimmed">
            {at + 1} of {pairs.data?.count}
          </Text>
        ) : null
      }
    >
      {pairs.isPending ? <Loading what="the pictures" /> : null}
      {pairs.isError ? (
        <Failed error={pairs.error} what="the pictures" onRetry={() => void pairs.refetch()} />
      ) : null}
      {pairs.data && !pair ? (
        <Empty title="Nothing here">
          Pictures are compared when a snapshot is counted or frozen, and by the command compare_pictures.
        </Empty>
      ) : null}
      {pair ? <Pair pair={pair} onNext={(step) => setPlace(Math.max(0, at + step))} /> : null}
    </Panel>
  );
}

function Pair({ pair, onNext }: { pair: NearCopyOut; onNext: (step: number) => void }) {
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: (verdict: "one_picture" | "different") => decideNearCopy(pair, verdict),
    onSuccess: (_, verdict) => notifyDone(verdict === "one_picture" ? "One picture." : "Different pictures."),
    onError: (error) => notifyError(error, "Not decided"),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["archive", "near-copies"] }),
  });
  const say = (verdict: "one_picture" | "different") => {
    if (!decide.isPending) {
      decide.mutate(verdict);
    }
  };
  useHotkeys([
    ["o", () => say("one_picture")],
    ["d", () => say("different")],
    ["ArrowRight", () => onNext(1)],
    ["ArrowLeft", () => onNext(-1)],
  ]);
  return (
    <section data-testid="near-copy" aria-label="Two pictures that look alike">
      <SimpleGrid cols={2}>
        <Picture picture={pair.first} />
        <Picture picture={pair.second} />
      </SimpleGrid>
      <Group gap="xs" mt="sm">
        <Button onClick={() => say("one_picture")} loading={decide.isPending} data-testid="one-picture">
          One picture&nbsp;<Kbd size="xs">O</Kbd>
        </Button>
        <Button
          variant="default"
          onClick={() => say("different")}
          loading={decide.isPending}
          data-testid="different-pictures"
        >
          Different pictures&nbsp;<Kbd size="xs">D</Kbd>
        </Button>
        <Button variant="default" onClick={() => onNext(1)}>
          Next&nbsp;<Kbd size="xs">→</Kbd>
        </Button>
        <Text size="xs" c="dimmed">
          {pair.distance} of 256 bits differ. One picture counts as a copy; while nobody has said, neither
          tests a model that learns from the other.
        </Text>
      </Group>
      {pair.decisions.map((one) => (
        <Text size="xs" c="dimmed" key={one.created_at}>
          {`${formatInstant(one.created_at)} · ${one.decided_by} · ${
            one.verdict === "one_picture" ? "one picture" : "different pictures"
          }`}
        </Text>
      ))}
    </section>
  );
}

function Picture({ picture }: { picture: NearCopyOut["first"] }) {
  const [broken, setBroken] = useState("");
  const source = `/dicomweb/studies/${picture.study_instance_uid}/series/${picture.series_instance_uid}/instances/${picture.sop_instance_uid}/rendered?viewport=640,640`;
  return (
    <figure style={{ margin: 0 }}>
      {broken === source ? (
        <Text size="sm" c="dimmed" h={420}>
          It cannot be drawn.
        </Text>
      ) : (
        <Image
          src={source}
          alt={`Picture of Patient ID ${picture.patient_id || "none"}`}
          h={420}
          fit="contain"
          bg="black"
          onError={() => setBroken(source)}
        />
      )}
      <figcaption>
        <Text size="sm" fw={600}>
          {formatPatientName(picture.patient_name)} · {picture.patient_id || "no Patient ID"}
        </Text>
        <Text size="xs" c="dimmed">
          {[
            formatDay(picture.study_date),
            picture.description,
            picture.columns && picture.rows ? `${picture.columns} × ${picture.rows} px` : "",
            picture.projects.join(", "),
          ]
            .filter(Boolean)
            .join(" · ")}
        </Text>
      </figcaption>
    </figure>
  );
}
