import { Alert, Button, Group, Progress, Select, Stack, Text } from "@mantine/core";
import { IconFolderUp, IconUpload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ChangeEvent, type DragEvent, useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import { isLeaving } from "../../api/page-owner";
import { type CollectedFile, filesOfDrop, filesOfInput } from "../../state/file-collection";
import { may, projectsWith, useMe } from "../../state/session";
import { uploads } from "../../state/uploads";
import { ErrorLines } from "../../ui/error-lines";
import { formatBytes, formatCount, formatMany } from "../../ui/format";
import { ButtonLink, TextLink } from "../../ui/links";
import { notifyError } from "../../ui/notify";
import { PageBody, Panel } from "../../ui/page";
import { Empty } from "../../ui/page-states";
import classes from "./upload.module.css";
import { UploadList } from "./upload-list";

const route = getRouteApi("/app/upload");

export function UploadPage() {
  const me = useMe();
  const named = route.useSearch().project;
  const projects = projectsWith(me, "study.store");
  const [chosen, setChosen] = useState<string | null>(null);
  const view = useStore(uploads.view);
  const queries = useQueryClient();
  const [over, setOver] = useState(false);
  const fileInput = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);
  const fallback = projects.length === 1 ? projects[0]?.slug : undefined;
  const wanted = chosen ?? named ?? fallback ?? null;
  const project = projects.some((row) => row.slug === wanted) ? wanted : null;

  useEffect(() => {
    folderInput.current?.setAttribute("webkitdirectory", "");
  }, []);
  useWarnBeforeLeaving(view.running);

  if (projects.length === 0) {
    return <NoProjectYet mayCreate={may(me, "project.create")} />;
  }

  const take = async (collect: () => Promise<CollectedFile[]> | CollectedFile[]) => {
    if (!project) {
      notifyError(
        new Error("Choose the project the images are for, then drop them again."),
        "No project chosen",
      );
      return;
    }
    try {
      const files = await collect();
      if (files.length > 0) {
        await uploads.add(project, files);
        await queries.invalidateQueries({ queryKey: ["workitems"] });
      }
    } catch (thrown) {
      notifyError(thrown, "Could not read the files");
    }
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const transfer = event.dataTransfer;
    void take(() => filesOfDrop(transfer));
  };
  const onInput = (event: ChangeEvent<HTMLInputElement>) => {
    const files = filesOfInput(event.currentTarget.files);
    event.currentTarget.value = "";
    void take(() => files);
  };

  const { tally } = view;
  const again = tally.failed + tally.stopped;
  const sendAgain = async () => {
    await uploads.sendAgain();
    await queries.invalidateQueries({ queryKey: ["workitems"] });
  };
  return (
    <PageBody
      testId="upload-page"
      title="Upload images"
      about="Files are checked one by one: a broken one is refused with a reason and the rest is stored. Sending the same file twice stores it once."
      actions={
        <>
          <ButtonLink to="/studies" variant="subtle" data-testid="upload-to-others">
            Studies without images
          </ButtonLink>
          <ButtonLink to="/worklist" variant="default" data-testid="upload-to-worklist">
            To the worklist
          </ButtonLink>
        </>
      }
    >
      <Select
        label="Project"
        placeholder="Choose the project these images are for"
        w={360}
        required
        data={projects.map((row) => ({ value: row.slug, label: row.title }))}
        value={project}
        onChange={setChosen}
        data-testid="upload-project"
      />
      <section
        className={classes.drop}
        data-over={over}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
        aria-label="Drop files here"
        data-testid="upload-drop"
      >
        <Stack align="center" gap="xs">
          <Text fw={600}>Drop DICOM files, folders or zip archives here</Text>
          <Group gap="xs">
            <Button
              leftSection={<IconUpload size={14} aria-hidden />}
              onClick={() => fileInput.current?.click()}
            >
              Choose files or zips
            </Button>
            <Button
              variant="default"
              leftSection={<IconFolderUp size={14} aria-hidden />}
              onClick={() => folderInput.current?.click()}
            >
              Choose a folder
            </Button>
          </Group>
          <input
            ref={fileInput}
            type="file"
            multiple
            className={classes.hidden}
            onChange={onInput}
            aria-label="Files to upload"
            data-testid="upload-files"
          />
          <input
            ref={folderInput}
            type="file"
            multiple
            className={classes.hidden}
            onChange={onInput}
            aria-label="Folder to upload"
            data-testid="upload-folder"
          />
        </Stack>
      </section>
      {view.batchError ? (
        <Alert color="red" title="The upload stopped" role="alert">
          <ErrorLines error={view.batchError} />
        </Alert>
      ) : null}
      <Panel
        title={tally.files > 0 ? formatMany(tally.files, "file", "files") : "Nothing sent yet"}
        actions={
          <>
            <Text size="xs" c="dimmed" role="status" data-testid="upload-tally">
              {tally.stored} stored · {tally.already_stored} already stored · {tally.conflict} conflicts ·{" "}
              {tally.refused} refused · {tally.failed} failed · {tally.stopped} stopped
            </Text>
            {view.running ? (
              <Button
                variant="default"
                color="red"
                onClick={() => uploads.stop()}
                data-testid="upload-cancel"
              >
                Stop
              </Button>
            ) : null}
            <Button
              variant="default"
              disabled={view.running || again === 0}
              onClick={() => void sendAgain()}
              data-testid="upload-retry"
            >
              {again > 0 ? `Send ${formatCount(again)} again` : "Send again"}
            </Button>
            <Button variant="default" disabled={tally.files === 0} onClick={() => uploads.clearDone()}>
              Clear list
            </Button>
          </>
        }
      >
        {tally.files === 0 ? (
          <Empty title="The list fills as you drop files">
            Every file gets a verdict here: stored, already stored, conflict (same UID, other content) or
            refused with the reason.
          </Empty>
        ) : (
          <Stack gap="xs">
            <Group gap="sm" wrap="nowrap">
              <Progress
                value={tally.bytes > 0 ? (tally.sentBytes / tally.bytes) * 100 : 100}
                size="md"
                flex={1}
                aria-label="Sent of everything"
              />
              <Text size="xs" c="dimmed" miw={130} ta="right">
                {formatBytes(tally.sentBytes)} of {formatBytes(tally.bytes)}
              </Text>
            </Group>
            <UploadList items={view.items} projects={me?.projects ?? []} />
          </Stack>
        )}
      </Panel>
    </PageBody>
  );
}

/** Images belong to a project; who is in none is told what has to happen first. */
function NoProjectYet({ mayCreate }: { mayCreate: boolean }) {
  return (
    <Empty title="There is no project to upload to yet">
      {mayCreate ? (
        <>
          Images belong to a project. <TextLink to="/admin/projects">Make a project</TextLink>, then come back
          here.
        </>
      ) : (
        <>
          Images belong to a project, and you are not a member of one. Ask an admin to make you a member of
          the project that the images are for.
        </>
      )}
    </Empty>
  );
}

function useWarnBeforeLeaving(busy: boolean): void {
  useEffect(() => {
    if (!busy) {
      return;
    }
    const warn = (event: BeforeUnloadEvent) => {
      if (!isLeaving()) {
        event.preventDefault();
      }
    };
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [busy]);
}
