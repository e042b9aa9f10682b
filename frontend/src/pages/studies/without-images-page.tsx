import { Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { withoutPicturesQuery } from "../../api/archive";
import { formatPatientName } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { PageBody, Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { TableHead } from "../../ui/table-head";
import { studyWords } from "./study-page";

/** Studies of documents, reports and videos: nobody's work, and still to be found. */
export function WithoutImagesPage() {
  const project = useSearch({ strict: false }).project;
  const studies = useQuery(withoutPicturesQuery(project));
  return (
    <PageBody
      testId="without-images-page"
      title="Studies without images"
      about="Documents, reports, videos and other objects that came without an image to read. They are on no worklist; when images of such a study arrive, it becomes a case."
    >
      <Panel>
        {studies.isPending ? <Loading what="the studies" /> : null}
        {studies.isError ? (
          <Failed error={studies.error} what="the studies" onRetry={() => void studies.refetch()} />
        ) : null}
        {studies.data?.length === 0 ? <Empty title="Every study holds images" /> : null}
        {studies.data && studies.data.length > 0 ? (
          <Table>
            <TableHead of={["Patient", "Study"]} />
            <Table.Tbody>
              {studies.data.map((study) => (
                <Table.Tr key={study.study_instance_uid} data-testid="study-row">
                  <Table.Td>
                    <TextLink to="/studies/$uid" params={{ uid: study.study_instance_uid }}>
                      {formatPatientName(study.patient_name)}
                    </TextLink>
                  </Table.Td>
                  <Table.Td>{studyWords(study)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        ) : null}
      </Panel>
    </PageBody>
  );
}
