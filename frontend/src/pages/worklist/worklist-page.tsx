import { Button, Kbd, VisuallyHidden } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconPlayerTrackNext, IconUpload } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { WorkitemRow } from "../../api/types";
import { nextWorkitem, workitemsQuery } from "../../api/workitems";
import { may, useMe } from "../../state/session";
import {
  activeFilters,
  defaultOrdering,
  type WorklistSearch,
  worklistQuery,
} from "../../state/worklist-filters";
import { keepWorklist } from "../../state/worklist-place";
import { formatCount } from "../../ui/format";
import { ButtonLink, TextLink } from "../../ui/links";
import { notifyDone, notifyError } from "../../ui/notify";
import { Empty, Failed, Loading } from "../../ui/page-states";
import { FirstStepsPanel } from "../first-steps/first-steps-panel";
import { StateCards } from "./state-cards";
import classes from "./worklist.module.css";
import { WorklistFilterRow } from "./worklist-filters";
import { WorklistTable } from "./worklist-table";

const route = getRouteApi("/app/worklist");

export function WorklistPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const me = useMe();
  const meId = me?.id;
  useEffect(() => {
    if (meId) {
      keepWorklist(meId, search);
    }
  }, [meId, search]);
  const searchBox = useRef<HTMLInputElement>(null);
  const list = useInfiniteQuery(workitemsQuery(worklistQuery(search)));
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.results) ?? [], [list.data]);
  const count = list.data?.pages[0]?.count ?? 0;
  const mode = search.state === "submitted" && may(me, "finding.review", search.project) ? "review" : "read";

  const change = useCallback(
    (changes: Partial<WorklistSearch>, replace = false) => {
      void navigate({
        to: "/worklist",
        replace,
        search: (before: WorklistSearch & { project?: string }) => ({ ...before, ...changes }),
      });
    },
    [navigate],
  );
  const open = useCallback(
    (row: WorkitemRow) => {
      // Whether it is read or reviewed there is the server's to say.
      void navigate({ to: "/read/$workitemId", params: { workitemId: row.id }, search: {} });
    },
    [navigate],
  );
  const openNext = useCallback(async () => {
    try {
      const row = await nextWorkitem({ project: search.project, mode });
      if (row) {
        open(row);
      } else {
        notifyDone(mode === "review" ? "Nothing is waiting for review." : "Nothing is left to read.");
      }
    } catch (thrown) {
      notifyError(thrown, "Could not find the next case");
    }
  }, [search.project, mode, open]);

  useHotkeys([
    ["n", () => void openNext()],
    ["/", () => searchBox.current?.focus()],
  ]);
  usePrefetchedViewer();
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const needMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) {
      void fetchNextPage();
    }
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);

  return (
    <div className={classes.page} data-testid="worklist-page">
      <VisuallyHidden component="h1">Worklist</VisuallyHidden>
      <div className={classes.top}>
        <FirstStepsPanel />
        <StateCards search={search} onState={(state) => change({ state })} />
      </div>
      <WorklistFilterRow search={search} onChange={change} searchBox={searchBox} />
      {list.isError && rows.length === 0 ? (
        <Failed error={list.error} what="the worklist" onRetry={() => void list.refetch()} />
      ) : (
        <WorklistTable
          rows={rows}
          count={count}
          ordering={search.ordering}
          onOrdering={(ordering) => change({ ordering })}
          onOpen={open}
          onNeedMore={needMore}
        >
          {list.isPending ? <Loading what="the worklist" /> : null}
          {list.isSuccess && rows.length === 0 ? <NothingHere filtered={activeFilters(search) > 0} /> : null}
        </WorklistTable>
      )}
      <div className={classes.hints}>
        <span data-testid="worklist-count" role="status">
          {list.isSuccess ? `${formatCount(rows.length)} of ${formatCount(count)} cases loaded` : ""}
        </span>
        <span>
          <Kbd size="xs">↑</Kbd> <Kbd size="xs">↓</Kbd> choose · <Kbd size="xs">Enter</Kbd> open ·{" "}
          <Kbd size="xs">N</Kbd> next case · <Kbd size="xs">/</Kbd> search
        </span>
        {(search.ordering ?? defaultOrdering) === "-priority" ? (
          <span data-testid="worklist-order">
            {mode === "review" ? "Most doubtful first" : "Most urgent first"}
          </span>
        ) : null}
        <ButtonLink
          ml="auto"
          to="/upload"
          variant="default"
          size="compact-xs"
          leftSection={<IconUpload size={13} aria-hidden />}
        >
          Upload images
        </ButtonLink>
        <Button
          size="compact-xs"
          leftSection={<IconPlayerTrackNext size={13} aria-hidden />}
          onClick={() => void openNext()}
          data-testid="next-case"
        >
          {mode === "review" ? "Next to review" : "Next case"}
        </Button>
      </div>
    </div>
  );
}

function NothingHere({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <Empty title="No case matches these filters">Clear a filter, or choose another project above.</Empty>
  ) : (
    <Empty title="No cases yet">
      <TextLink to="/upload">Upload images</TextLink> to this project, or choose another project above. A case
      appears here as soon as its study has arrived.
    </Empty>
  );
}

/** While the reader looks at the list, fetch the viewer's code so that the first image opens at once. */
function usePrefetchedViewer(): void {
  useEffect(() => {
    const fetchViewer = () => void import("../read/read-page").catch(() => undefined);
    if ("requestIdleCallback" in window) {
      const handle = requestIdleCallback(fetchViewer, { timeout: 5000 });
      return () => cancelIdleCallback(handle);
    }
    const timer = setTimeout(fetchViewer, 2000);
    return () => clearTimeout(timer);
  }, []);
}
