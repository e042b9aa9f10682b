import { Alert, Button, Group, List, Text } from "@mantine/core";
import { IconDownload, IconPrinter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { projectQuery } from "../../api/projects";
import { datasheetQuery, manifestUrl, snapshotQuery } from "../../api/snapshots";
import type { DatasheetOut, ProjectOut, SnapshotOut } from "../../api/types";
import { formatInstant } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { Facts, PageBody, Panel } from "../../ui/page";
import { Failed, Loading } from "../../ui/page-states";
import { useQuestion } from "../../ui/recipe-choice";
import { CountsTable, leftOutWords } from "./counts-view";
import classes from "./datasheet.module.css";
import { AgreementTable, Answers, PersonsFacts, PicturesFacts, SubgroupTable } from "./datasheet-tables";

/** The datasheet of a snapshot, as it was written when it was frozen; it prints on white. */
export function DatasheetPage() {
  const { snapshotId = "" } = useParams({ strict: false });
  const snapshot = useQuery(snapshotQuery(snapshotId));
  const sheet = useQuery(datasheetQuery(snapshotId));
  const project = useQuery(projectQuery(snapshot.data?.project ?? ""));
  const failed = [snapshot, sheet, project].find((query) => query.isError);
  if (failed) {
    return <Failed error={failed.error} what="the datasheet" onRetry={() => void failed.refetch()} />;
  }
  if (!snapshot.data || !sheet.data || !project.data) {
    return <Loading what="the datasheet" />;
  }
  return <Datasheet snapshot={snapshot.data} found={sheet.data} project={project.data} />;
}

function Datasheet({
  snapshot,
  found,
  project,
}: {
  snapshot: SnapshotOut;
  found: DatasheetOut;
  project: ProjectOut;
}) {
  const labels = snapshot.label_keys.map((key) => {
    const label = project.labels.find((row) => row.key === key);
    return { key, name: label?.code_meaning ?? key, color: label?.color ?? "var(--ov-accent)" };
  });
  const asks = useQuestion(snapshot.question);
  const left = Object.entries(snapshot.counts.left_out).filter(([, count]) => count > 0);
  const { sheet } = found;
  return (
    <PageBody
      testId="datasheet-page"
      title={`Datasheet of ${snapshot.name}`}
      about={
        <span className={classes.screenOnly}>
          What the snapshot holds, from whom, what was left out and why, as it was when it was frozen.{" "}
          <TextLink to="/datasets" search={{ project: snapshot.project, snapshot: snapshot.id }} size="sm">
            Back to the datasets
          </TextLink>
        </span>
      }
      actions={
        <Group gap="xs" className={classes.screenOnly}>
          <Button
            component="a"
            href={manifestUrl(snapshot.id)}
            variant="default"
            leftSection={<IconDownload size={14} aria-hidden />}
          >
            Manifest
          </Button>
          <Button
            variant="default"
            leftSection={<IconPrinter size={14} aria-hidden />}
            onClick={() => window.print()}
          >
            Print
          </Button>
        </Group>
      }
    >
      <div className={classes.sheet}>
        <Panel title="What it is">
          <Facts
            rows={[
              ["Project", project.title],
              ["What is asked", asks?.title ?? snapshot.question],
              ["Labels", labels.map((label) => label.name).join(", ")],
              ["Frozen", formatInstant(snapshot.created_at)],
              ["By", snapshot.frozen_by?.display_name ?? "–"],
              ...(sheet
                ? ([
                    ["Rules of teaching", `revision ${sheet.rules.teaching}`],
                    ["Pixels", `revision ${sheet.rules.pixels}`],
                    ["Software", sheet.rules.software],
                  ] as [string, string][])
                : []),
            ]}
          />
        </Panel>
        {sheet ? null : (
          <Alert color="yellow" title="No datasheet was kept" data-testid="no-sheet">
            {found.checks.datasheet === false
              ? "The stored datasheet is not the one that was frozen, so it is not shown. Look into the archive check."
              : "This snapshot was frozen before datasheets were kept. What it holds is counted below; from whom and what was left out beyond that, nobody wrote down."}
          </Alert>
        )}
        <Panel title="What it holds" testId="sheet-counts">
          <CountsTable counts={snapshot.counts} labels={labels} />
        </Panel>
        {sheet ? <Answers sheet={sheet} labels={labels} /> : null}
        <div className={classes.columns}>
          <Panel title="What was left out, and why" testId="sheet-left-out">
            {left.length === 0 ? <Text size="sm">Nothing.</Text> : null}
            <List size="sm">
              {left.map(([code, count]) => (
                <List.Item key={code}>{leftOutWords(code, count)}</List.Item>
              ))}
            </List>
          </Panel>
          {sheet ? <PersonsFacts sheet={sheet} /> : null}
          {sheet ? <PicturesFacts sheet={sheet} /> : null}
        </div>
        {sheet ? <SubgroupTable sheet={sheet} labels={labels} /> : null}
        {sheet ? <AgreementTable sheet={sheet} labels={labels} /> : null}
        <Verify snapshot={snapshot} checks={found.checks} />
      </div>
    </PageBody>
  );
}

function Check({ well, words }: { well: boolean | null; words: string }) {
  const color = well === null ? "var(--ov-text-dim)" : well ? "var(--ov-good)" : "var(--ov-bad)";
  return (
    <Text size="sm" fw={600} c={color}>
      {words}: {well === null ? "none kept" : well ? "unchanged" : "NOT what was frozen"}
    </Text>
  );
}

function Verify({ snapshot, checks }: { snapshot: SnapshotOut; checks: DatasheetOut["checks"] }) {
  return (
    <Panel title="Is it still what was frozen?" testId="sheet-checks">
      <Group gap="lg" mb="xs">
        <Check well={checks.manifest} words="Manifest" />
        <Check well={checks.digest} words="Digest" />
        <Check well={checks.datasheet} words="Datasheet" />
      </Group>
      <Facts
        rows={[
          ["Digest", <DigestText key="d" text={snapshot.digest} />],
          ["Manifest", <DigestText key="m" text={snapshot.manifest_digest} />],
          ["Datasheet", <DigestText key="s" text={snapshot.datasheet_digest || "–"} />],
        ]}
      />
      <Text size="xs" c="dimmed" mt="xs">
        The manifest's digest is the SHA-256 of the downloaded file (sha256sum). The snapshot's digest is the
        SHA-256 of the canonical JSON (RFC 8785) of label_keys, manifest, project and recipe (what is asked),
        where manifest is that digest and project the project's id. The datasheet has a digest of its own,
        which the audit event of the freeze names; what was left out is not part of the content, so the same
        content frozen again is the same snapshot.
      </Text>
    </Panel>
  );
}

function DigestText({ text }: { text: string }) {
  return <span className={classes.digest}>{formatDigest(text)}</span>;
}

const formatDigest = (text: string) => (text.length > 16 ? (text.match(/.{1,16}/g) ?? []).join(" ") : text);
