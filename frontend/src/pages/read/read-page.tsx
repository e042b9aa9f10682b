import { Button, Group, Modal, Text, VisuallyHidden } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { connectPorts } from "../../actions/ports";
import { readPreferences } from "../../state/preferences";
import { reading, session, useReading } from "../../state/reading-session";
import type { ReadingMode } from "../../state/reading-types";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";
import { useMe } from "../../state/session";
import { lastWorklist } from "../../state/worklist-place";
import { TextLink } from "../../ui/links";
import { notifyError } from "../../ui/notify";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { AlignDialog } from "./align-dialog";
import { CalibrateDialog } from "./calibrate-dialog";
import { CaseBar } from "./case-bar";
import { CaseNotices } from "./case-notices";
import { CheatSheet } from "./cheat-sheet";
import { ConflictDialog } from "./conflict-dialog";
import { DecideDialog } from "./decide-dialog";
import { LinkBar } from "./link-bar";
import { NothingFoundDialog } from "./nothing-found-dialog";
import { Palette, palette } from "./palette";
import readClasses from "./read.module.css";
import { RejectDialog } from "./reject-dialog";
import { ReopenDialog } from "./reopen-dialog";
import { SeriesStrip } from "./series-strip";
import { SidePanel } from "./side-panel";
import { ToolRail } from "./tool-rail";
import { useHotkeys } from "./use-hotkeys";
import viewportClasses from "./viewport.module.css";
import { ViewportPane } from "./viewport-pane";

const noticeMs = 3500;

/** The short line at the foot of the image. */
function Notices() {
  const notice = useReadingUi((state) => state.notice);
  const [seen, setSeen] = useState(0);
  useEffect(() => {
    if (!notice) {
      return undefined;
    }
    const timer = setTimeout(() => setSeen(notice.at), noticeMs);
    return () => clearTimeout(timer);
  }, [notice]);
  if (notice && notice.at !== seen) {
    return (
      <div className={viewportClasses.notice} role="status" data-testid="notice">
        {notice.text}
      </div>
    );
  }
  return null;
}

function LeaveDialog() {
  const open = useReadingUi((state) => state.dialog === "leave");
  return (
    <Modal opened={open} onClose={() => setReadingUi({ dialog: null })} title="Not everything is saved">
      <Text size="sm">
        Some changes are not on the server yet. They are kept in this browser and offered when you open this
        case again.
      </Text>
      <Group justify="flex-end" mt="md">
        <Button
          onClick={() => {
            setReadingUi({ dialog: null });
            session.retrySaving();
          }}
        >
          Stay and try again
        </Button>
      </Group>
    </Modal>
  );
}

function Images() {
  const layout = useReadingUi((state) => state.layout);
  const workitem = useReading((state) => state.workitem);
  if (workitem && !workitem.series.some((series) => series.displayable)) {
    return (
      <div className={viewportClasses.images} data-testid="no-images">
        <Empty title="This study holds no image that can be shown">
          <TextLink to="/studies/$uid" params={{ uid: workitem.study.study_instance_uid }}>
            See what it holds
          </TextLink>
        </Empty>
      </div>
    );
  }
  return (
    <div
      className={viewportClasses.images}
      data-layout={layout}
      data-testid="viewports"
      style={{ position: "relative" }}
    >
      <ViewportPane pane="left" />
      {layout === "1x2" ? <ViewportPane pane="right" /> : null}
      {layout === "1x2" ? <LinkBar /> : null}
      <Notices />
    </div>
  );
}

/** The reading and review page of one work item. */
export function ReadPage({ workitemId, asked }: { workitemId: string; asked: ReadingMode | null }) {
  const me = useMe();
  const navigate = useNavigate();
  const { workitem, problem, mode } = useReading();
  const open = useReadingUi((state) => state.layout);
  const navigateRef = useRef(navigate);
  navigateRef.current = navigate;
  const meId = me?.id;
  const meIdRef = useRef(meId);
  meIdRef.current = meId;
  useHotkeys();
  useEffect(
    () =>
      connectPorts({
        openCase: (id, how) => {
          void navigateRef.current({
            to: "/read/$workitemId",
            params: { workitemId: id },
            search: (before: Record<string, unknown>) => ({
              ...before,
              mode: how === "review" ? ("review" as const) : undefined,
            }),
          });
        },
        openWorklist: () =>
          void navigateRef.current({ to: "/worklist", search: lastWorklist(meIdRef.current) }),
        openPalette: () => palette.open(),
        reportProblem: (thrown) => notifyError(thrown),
      }),
    [],
  );
  const meName = me?.display_name;
  const preferences = me?.preferences;
  useEffect(() => setReadingUi({ preferences: readPreferences(preferences) }), [preferences]);
  useEffect(() => {
    if (meId === undefined || meName === undefined) {
      return undefined;
    }
    void session.open(workitemId, asked, { id: meId, display_name: meName });
    return () => {
      void session.leavePage();
    };
  }, [workitemId, asked, meId, meName]);
  if (problem) {
    return (
      <Failed
        error={problem}
        what="this case"
        onRetry={() => {
          const { me: person } = reading();
          session.close();
          if (person) {
            void session.open(workitemId, asked, person);
          }
        }}
      />
    );
  }
  if (!workitem || workitem.id !== workitemId) {
    return <Loading what="the case" />;
  }
  return (
    <div
      className={readClasses.page}
      data-mode={mode}
      data-testid="read-page"
      data-layout={open}
      data-keys-to-image
    >
      <VisuallyHidden component="h1">{mode === "review" ? "Review" : "Reading"} of a study</VisuallyHidden>
      <CaseBar />
      <CaseNotices />
      <ToolRail />
      <SeriesStrip />
      <Images key={workitem.id} />
      <SidePanel />
      <CheatSheet />
      <AlignDialog />
      <RejectDialog />
      <ConflictDialog />
      <DecideDialog />
      <ReopenDialog />
      <CalibrateDialog />
      <NothingFoundDialog />
      <LeaveDialog />
      <Palette />
    </div>
  );
}

/** The page as the router mounts it: which work item and which mode stand in the address. */
export default function ReadRoute() {
  const { workitemId } = useParams({ strict: false });
  const search: { mode?: string } = useSearch({ strict: false });
  const asked = search.mode === "review" || search.mode === "read" ? search.mode : null;
  return <ReadPage workitemId={workitemId ?? ""} asked={asked} />;
}
