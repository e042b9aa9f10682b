import { Badge, Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { modelsQuery } from "../../api/models";
import type { FamilyOut } from "../../api/types";
import { useLabelNames } from "../../state/label-names";
import { may, useMe } from "../../state/session";
import { formatAgo, formatMany } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { PageBody, Panel } from "../../ui/page";
import { Empty, Failed, Forbidden, Loading } from "../../ui/page-states";
import { NewFamilyDialog } from "./new-family-dialog";
import { TrainingTable } from "./training-table";

const route = getRouteApi("/app/models");

export function ModelsPage() {
  const { project } = route.useSearch();
  const me = useMe();
  const allowed = may(me, "model.read", project);
  const mayTrain = may(me, "training.request", project);
  const families = useQuery({ ...modelsQuery(project), enabled: allowed });
  const [creating, setCreating] = useState(false);
  if (!allowed) {
    return <Forbidden what="Seeing models" />;
  }
  return (
    <PageBody
      testId="models-page"
      title="Models"
      about="A family predicts one list of labels with one recipe. Its versions are never overwritten; one of them may be live."
      actions={
        mayTrain ? (
          <Button onClick={() => setCreating(true)} data-testid="family-create">
            New model family
          </Button>
        ) : null
      }
    >
      {families.isPending ? <Loading what="the models" /> : null}
      {families.isError ? (
        <Failed error={families.error} what="the models" onRetry={() => void families.refetch()} />
      ) : null}
      {families.data?.length === 0 ? (
        <Panel>
          <Empty title="No model yet">
            {mayTrain
              ? "Make a family: say what it should predict. Then train its first version from a frozen snapshot."
              : "An admin of the project can make one."}
          </Empty>
        </Panel>
      ) : null}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
        {families.data?.map((family) => (
          <FamilyCard key={family.id} family={family} />
        ))}
      </SimpleGrid>
      {may(me, "training.read", project) ? (
        <Panel title="Trainings" testId="trainings-panel">
          <TrainingTable project={project} />
        </Panel>
      ) : null}
      <NewFamilyDialog opened={creating} onClose={() => setCreating(false)} />
    </PageBody>
  );
}

function FamilyCard({ family }: { family: FamilyOut }) {
  const newest = family.versions[0];
  const nameOf = useLabelNames(family.project);
  return (
    <Panel
      testId={`family-${family.slug}`}
      title={
        <TextLink
          to="/models/$family"
          params={{ family: family.slug }}
          search={{ project: family.project }}
          inherit
        >
          {family.title}
        </TextLink>
      }
      actions={<Badge color="gray">{family.recipe}</Badge>}
    >
      <Stack gap={6}>
        <Group gap={6}>
          {family.label_keys.map((key) => (
            <Badge key={key} color="gray">
              {nameOf(key)}
            </Badge>
          ))}
        </Group>
        <Text size="sm">
          {family.live ? (
            <>
              Live: <strong>version {family.live.number}</strong>
            </>
          ) : (
            "No live version: nothing is predicted yet."
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {formatMany(family.versions.length, "version", "versions")}
          {newest ? `, newest made ${formatAgo(newest.created_at)}` : ""}
        </Text>
      </Stack>
    </Panel>
  );
}
