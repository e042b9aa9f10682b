import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { projectQuery } from "../../api/projects";
import { useMay } from "../../state/session";
import { PageBody } from "../../ui/page";
import { Failed, Forbidden, Loading } from "../../ui/page-states";
import { LabelsPanel } from "./labels-panel";
import { MembersPanel } from "./members-panel";
import { ProtocolPanel } from "./protocol-panel";
import { ReviewersPanel } from "./reviewers-panel";

const route = getRouteApi("/app/admin/projects/$slug");

export function ProjectPage() {
  const { slug } = route.useParams();
  const allowed = useMay("project.change", slug);
  const project = useQuery({ ...projectQuery(slug), enabled: allowed });
  if (!allowed) {
    return <Forbidden what="Changing this project" />;
  }
  if (project.isPending) {
    return <Loading what="the project" />;
  }
  if (project.isError) {
    return <Failed error={project.error} what="the project" onRetry={() => void project.refetch()} />;
  }
  return (
    <PageBody testId="project-page" title={project.data.title} about={project.data.description || slug}>
      <ProtocolPanel key={slug} project={project.data} />
      <LabelsPanel project={project.data} />
      <MembersPanel project={project.data} />
      <ReviewersPanel project={slug} />
    </PageBody>
  );
}
