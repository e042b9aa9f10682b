import { Stack, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { reviewersQuery } from "../../api/reviewers";
import { projectsWith, useMe } from "../../state/session";
import { Panel } from "../../ui/page";
import { ReviewersTable } from "../admin/reviewers-panel";

/** What is said of one's own reviewing, project by project: nobody's word is lowered without their knowing. */
export function ReviewingPanel() {
  const me = useMe();
  const projects = projectsWith(me, "finding.review");
  const found = useQueries({ queries: projects.map((project) => reviewersQuery(project.slug)) });
  const own = projects.flatMap((project, at) => {
    const rows = (found[at]?.data ?? []).filter((row) => row.reviewer.id === me?.id);
    return rows.length > 0 ? [{ project, rows }] : [];
  });
  if (own.length === 0) {
    return null;
  }
  return (
    <Panel title="My reviewing" testId="reviewing-panel">
      <Stack gap="sm">
        {own.map(({ project, rows }) => (
          <div key={project.slug}>
            <Text size="sm" fw={600}>
              {project.title}
            </Text>
            <ReviewersTable rows={rows} />
          </div>
        ))}
      </Stack>
    </Panel>
  );
}
