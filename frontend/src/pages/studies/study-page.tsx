import { Alert, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type StudyHead, studyContentsQuery } from "../../api/archive";
import { useMay } from "../../state/session";
import { formatDay, formatPatientName } from "../../ui/format";
import { sinceRead } from "../../ui/grown-since-read";
import { TextLink } from "../../ui/links";
import { PageBody, Panel } from "../../ui/page";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { HeldObjectView } from "./held-object";
import { WithdrawPatient } from "./withdraw-patient";

export const studyWords = (study: StudyHead) =>
  [
    study.patient_id,
    study.patient_sex,
    formatDay(study.study_date),
    study.modalities.join("/"),
    study.study_description,
  ]
    .filter(Boolean)
    .join(" · ");

/** What a study holds besides pictures: documents, reports, layers, videos. */
export function StudyPage() {
  const { uid = "" } = useParams({ strict: false });
  const contents = useQuery(studyContentsQuery(uid));
  const mayWithdraw = useMay("archive.decide");
  if (contents.isPending) {
    return <Loading what="the study" />;
  }
  if (contents.isError) {
    return <Failed error={contents.error} what="the study" onRetry={() => void contents.refetch()} />;
  }
  const { study, objects, grown_since_read: grown } = contents.data;
  return (
    <PageBody
      testId="study-page"
      title={formatPatientName(study.patient_name)}
      about={studyWords(study)}
      actions={mayWithdraw ? <WithdrawPatient uid={uid} /> : null}
    >
      {study.identity_clash ? (
        <Alert color="red" data-testid="identity-clash">
          Other studies under this Patient ID name another person. An admin decides whether they are one.
        </Alert>
      ) : null}
      {grown.map((found) => (
        <Alert
          key={found.id}
          color="yellow"
          title={`Grown since read in ${found.project}`}
          data-testid="study-grown"
        >
          {sinceRead(found.images)}{" "}
          <TextLink to="/read/$workitemId" params={{ workitemId: found.id }} size="sm">
            Show the case
          </TextLink>
        </Alert>
      ))}
      <Panel title="Besides images">
        {objects.length === 0 ? <Empty title="This study holds images only" /> : null}
        <Stack gap="md">
          {objects.map((held) => (
            <HeldObjectView key={held.sop_instance_uid} held={held} />
          ))}
        </Stack>
      </Panel>
    </PageBody>
  );
}
