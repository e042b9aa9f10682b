import { Button, Group, List, Text, ThemeIcon } from "@mantine/core";
import { IconCheck, IconCircle } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { changeMe, meQuery } from "../../api/auth";
import { firstStepsQuery } from "../../api/first-steps";
import type { FirstStep } from "../../api/types";
import { may, useMe } from "../../state/session";
import { ButtonLink } from "../../ui/links";
import { notifyError } from "../../ui/notify";
import { Panel } from "../../ui/page";

interface StepWords {
  title: string;
  about: string;
  link: string;
  to: "/admin/users" | "/admin/projects" | "/upload" | "/worklist";
}

/** What each step is, and the page on which it is done. */
const words: Record<FirstStep["key"], StepWords> = {
  people: {
    title: "Add the people",
    about:
      "Readers annotate, reviewers judge what was read. You choose a first password; each person replaces it at the first login.",
    link: "To the users",
    to: "/admin/users",
  },
  labels: {
    title: "Make a project with its labels",
    about:
      "A project holds what belongs together: members, images, labels, models. Its labels are what readers may say. They can be imported from a file or copied from another project.",
    link: "To the projects",
    to: "/admin/projects",
  },
  images: {
    title: "Bring the images in",
    about:
      "Drop files, folders or zips on the upload page, or send them from a PACS or another program by DICOMweb.",
    link: "Upload images",
    to: "/upload",
  },
  reading: {
    title: "Read the first case",
    about:
      "Open a case from the worklist, answer, and submit it. Whoever is a reader of the project can do it.",
    link: "To the worklist",
    to: "/worklist",
  },
};

/** Whether this person still has first steps to see: an admin of an installation in which something is undone. */
export function useFirstSteps(): { steps: FirstStep[]; shown: boolean } {
  const me = useMe();
  const hidden = me?.preferences.first_steps_hidden === true;
  const allowed = may(me, "project.create") && !hidden;
  const steps = useQuery({ ...firstStepsQuery, enabled: allowed }).data ?? [];
  return { steps, shown: allowed && steps.some((step) => !step.done) };
}

/** The way from an empty installation to the first reading; it goes when all of it is done. */
export function FirstStepsPanel() {
  const { steps, shown } = useFirstSteps();
  const me = useMe();
  const queries = useQueryClient();
  const hide = useMutation({
    mutationFn: () => changeMe({ preferences: { ...me?.preferences, first_steps_hidden: true } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: meQuery.queryKey }),
    onError: (error) => notifyError(error, "Could not hide the first steps"),
  });
  if (!shown) {
    return null;
  }
  const next = steps.find((step) => !step.done);
  return (
    <Panel
      title="First steps"
      testId="first-steps"
      actions={
        <Button variant="subtle" size="compact-xs" loading={hide.isPending} onClick={() => hide.mutate()}>
          Do not show this again
        </Button>
      }
    >
      <List listStyleType="none" spacing="sm" size="sm">
        {steps.map((step) => (
          <Step key={step.key} step={step} isNext={step === next} />
        ))}
      </List>
    </Panel>
  );
}

function Step({ step, isNext }: { step: FirstStep; isNext: boolean }) {
  const { title, about, link, to } = words[step.key];
  return (
    <List.Item
      data-testid={`first-step-${step.key}`}
      data-done={step.done}
      styles={{ itemWrapper: { width: "100%" }, itemLabel: { flex: 1 } }}
      icon={
        <ThemeIcon size={22} radius="xl" variant="light" color={step.done ? "green" : "gray"}>
          {step.done ? <IconCheck size={14} aria-hidden /> : <IconCircle size={12} aria-hidden />}
        </ThemeIcon>
      }
    >
      <Group gap="md" wrap="nowrap" align="flex-start" justify="space-between">
        <div>
          <Text fw={600} size="sm" c={step.done ? "dimmed" : undefined}>
            {title}
            {step.done ? " (done)" : ""}
          </Text>
          {step.done ? null : (
            <Text size="sm" c="dimmed" maw={720}>
              {about}
            </Text>
          )}
        </div>
        {step.done ? null : (
          <ButtonLink to={to} size="compact-sm" variant={isNext ? "filled" : "default"}>
            {link}
          </ButtonLink>
        )}
      </Group>
    </List.Item>
  );
}
