import { Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { evaluateVersion, promoteVersion, refuseVersion } from "../../api/models";
import type { FamilyOut, ReportOut } from "../../api/types";
import { may, useMe } from "../../state/session";
import { TextLink } from "../../ui/links";
import { notifyDone, notifyError } from "../../ui/notify";
import { ReasonDialog } from "../../ui/reason-dialog";

type Asked = "promote" | "refuse" | null;

/** What an admin decides on a report: make the version live, refuse it, or have it judged again first. */
export function ReportActions({ report, family }: { report: ReportOut; family: FamilyOut }) {
  const me = useMe();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<Asked>(null);
  const version = family.versions.find((row) => row.id === report.version.id);
  const state = version?.state ?? report.version.state;
  const newest = version?.report_id;
  const isOld = Boolean(newest) && newest !== report.id;
  const done = (words: string) => {
    notifyDone(words);
    setAsked(null);
    for (const key of ["models", "promotions", "report"]) {
      void queries.invalidateQueries({ queryKey: [key] });
    }
  };
  const promote = useMutation({
    mutationFn: ({ reason, answeredFor }: { reason: string; answeredFor: string }) =>
      promoteVersion(report.version.id, report.id, reason, answeredFor),
    onSuccess: () => done(`Version ${report.version.number} is live. New cases are predicted with it.`),
    onError: (error) => notifyError(error, "Could not promote"),
  });
  const refuse = useMutation({
    mutationFn: (reason: string) => refuseVersion(report.version.id, reason),
    onSuccess: () => done(`Version ${report.version.number} is refused.`),
    onError: (error) => notifyError(error, "Could not refuse the version"),
  });
  const evaluate = useMutation({
    mutationFn: () => evaluateVersion(report.version.id),
    onSuccess: () => notifyDone("Evaluating on the locked test part; the new report is linked here."),
    onError: (error) => notifyError(error, "Could not evaluate"),
  });
  const why = whyNot(report, state, isOld, may(me, "model.promote", family.project));
  const answers = report.gate.excusable === true && !report.gate.passed && why === "";
  const open = state === "candidate" || state === "evaluated";
  const outdated = !report.is_current && !isOld && (open || state === "retired");
  return (
    <>
      {why ? (
        <Text size="xs" c="dimmed" id="promote-why" data-testid="promote-why">
          {why}
        </Text>
      ) : null}
      {isOld && newest ? (
        <TextLink to="/reports/$reportId" params={{ reportId: newest }} size="sm" data-testid="newer-report">
          To the newest report
        </TextLink>
      ) : null}
      {outdated && may(me, "training.request", family.project) ? (
        <Button
          variant="default"
          loading={evaluate.isPending}
          disabled={evaluate.isSuccess}
          onClick={() => evaluate.mutate()}
          data-testid="evaluate-again"
        >
          {evaluate.isSuccess ? "Evaluating…" : "Evaluate again"}
        </Button>
      ) : null}
      {open && may(me, "model.promote", family.project) ? (
        <Button variant="default" onClick={() => setAsked("refuse")} data-testid="refuse">
          Refuse
        </Button>
      ) : null}
      <Button
        disabled={why !== ""}
        color={answers ? "red" : undefined}
        variant={answers ? "outline" : "filled"}
        aria-describedby={why ? "promote-why" : undefined}
        onClick={() => setAsked("promote")}
        data-testid="promote"
      >
        {answers ? "Promote all the same …" : "Promote"}
      </Button>
      <ReasonDialog
        opened={asked === "promote"}
        onClose={() => setAsked(null)}
        title={`Make version ${report.version.number} live?`}
        body={
          family.live
            ? `It replaces version ${family.live.number} for new cases. Old findings keep the version that made them, and you can roll back in one click.`
            : "It will predict new cases from now on. You can roll back later."
        }
        yes={answers ? "Answer for it and promote" : "Promote"}
        busy={promote.isPending}
        danger={answers}
        answerFor={
          answers
            ? "The gate did not pass this first version for where it looks. Your name and this reason stay on the version for ever."
            : undefined
        }
        onYes={(reason, answeredFor) => promote.mutate({ reason, answeredFor })}
      />
      <ReasonDialog
        opened={asked === "refuse"}
        onClose={() => setAsked(null)}
        title={`Refuse version ${report.version.number} for good?`}
        body="It stays in the list with its report, and can never be made live."
        yes="Refuse"
        danger
        busy={refuse.isPending}
        onYes={(reason) => refuse.mutate(reason)}
      />
    </>
  );
}

/** Why the version cannot be made live on this report; empty where it can. */
function whyNot(report: ReportOut, state: string, isOld: boolean, mayPromote: boolean): string {
  if (state === "live") {
    return "This version is live.";
  }
  if (state === "refused") {
    return "This version was refused for good.";
  }
  if (!mayPromote) {
    return "Only an admin of the project promotes.";
  }
  if (isOld) {
    return "There is a newer report of this version.";
  }
  if (!report.is_current) {
    return "Another version is live since: evaluate it again before promoting.";
  }
  if (report.gate.excusable) return "";
  if (report.gate.verdict === "cannot_tell") return "The gate cannot tell: see below what is missing.";
  return report.gate.passed ? "" : "The gate refused: see below why.";
}
