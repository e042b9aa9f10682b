import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { projectQuery } from "../../api/projects";
import { projectsWith, useMe } from "../../state/session";
import { PageBody } from "../../ui/page";
import { Empty, Failed, Forbidden, Loading } from "../../ui/page-states";
import { useOneProject } from "../../ui/use-one-project";
import { FreezePanel } from "./freeze-panel";
import { SnapshotDetail, SnapshotList } from "./snapshot-list";

const route = getRouteApi("/app/datasets");

export function DatasetsPage() {
  const { snapshot } = route.useSearch();
  const me = useMe();
  const readable = projectsWith(me, "snapshot.read");
  const slug = useOneProject(readable);
  const project = useQuery(projectQuery(slug ?? ""));
  if (readable.length === 0) {
    return <Forbidden what="Seeing datasets" />;
  }
  return (
    <PageBody
      testId="datasets-page"
      title="Datasets"
      about="A snapshot is a frozen list of what signed-off cases teach. It is named by its digest, never edited, and splits by patient: a patient is always in the same part."
    >
      {slug === null ? (
        <Empty title="Choose a project">Datasets belong to one project: choose it in the bar above.</Empty>
      ) : project.isError ? (
        <Failed error={project.error} what="the project" onRetry={() => void project.refetch()} />
      ) : project.data ? (
        <>
          {readable.find((row) => row.slug === slug)?.permissions.includes("snapshot.freeze") ? (
            <FreezePanel key={slug} project={project.data} />
          ) : null}
          {snapshot ? <SnapshotDetail id={snapshot} project={project.data} /> : null}
          <SnapshotList project={project.data} chosen={snapshot} />
        </>
      ) : (
        <Loading what="the project" />
      )}
    </PageBody>
  );
}
