import { Alert, List, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { healthQuery } from "../../api/system";
import { Facts, PageBody, Panel } from "../../ui/page";

export function AboutPage() {
  const health = useQuery(healthQuery);
  return (
    <PageBody
      testId="about-page"
      title="About Overread"
      about="Reading, reviewing and retraining on medical images."
    >
      <Alert color="yellow" title="For research use only">
        Overread is not a medical device. It is not cleared or approved for diagnosis, treatment or any
        clinical decision. Findings of models may be wrong; a person decides. Whoever runs this installation
        is responsible for the images in it and for the law that protects the patients behind them.
      </Alert>
      <Panel title="This installation">
        <Facts
          rows={[
            [
              "Version",
              health.data?.version ??
                document.querySelector('meta[name="overread-version"]')?.getAttribute("content") ??
                "–",
            ],
            ["Mode", health.data?.mode ?? "–"],
            ["Server", health.isError ? "Not answering" : health.data?.ok ? "Answers" : "…"],
            ["Licence", "Apache-2.0"],
          ]}
        />
      </Panel>
      <Panel title="How it works">
        <List size="sm" spacing={4}>
          <List.Item>
            Images arrive by upload, by command or over DICOMweb, and are kept as they came.
          </List.Item>
          <List.Item>Every change of a finding is a new revision; none is overwritten or lost.</List.Item>
          <List.Item>Nobody reviews their own work, and signed-off cases are locked.</List.Item>
          <List.Item>
            Models learn from frozen snapshots, are measured on patients they have never seen, and go live
            only by a person's decision; going back takes one click.
          </List.Item>
          <List.Item>Who read or changed what is kept in a chain of hashes that admins can verify.</List.Item>
        </List>
        <Text size="xs" c="dimmed" mt="sm">
          Built with Django, React, Mantine, Cornerstone3D, PyTorch, MONAI and pydicom.
        </Text>
      </Panel>
    </PageBody>
  );
}
