import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Children, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { WorkitemRow } from "../../api/types";
import { defaultOrdering, type Ordering, turnedOrdering } from "../../state/worklist-filters";
import classes from "./worklist.module.css";
import { WorklistRow } from "./worklist-row";

interface Column {
  name: string;
  turn?: [Ordering, Ordering];
}

const columns: Column[] = [
  { name: "Patient", turn: ["patient_name", "-patient_name"] },
  { name: "Patient ID" },
  { name: "Sex, age" },
  { name: "Study" },
  { name: "Modality" },
  { name: "Body part" },
  { name: "Date", turn: ["-study_date", "study_date"] },
  { name: "Status", turn: ["state", "-state"] },
  { name: "Reader" },
  { name: "AI score", turn: ["-ai_score", "ai_score"] },
  { name: "Reader / AI" },
  { name: "Changed", turn: ["-updated_at", "updated_at"] },
];

const rowHeight = 34;

/** The virtualised table: only the rows in sight are in the page, however long the list. */
export function WorklistTable({
  rows,
  count,
  ordering,
  onOrdering,
  onOpen,
  onNeedMore,
  children,
}: {
  rows: WorkitemRow[];
  count: number;
  ordering: Ordering | undefined;
  onOrdering: (ordering: Ordering | undefined) => void;
  onOpen: (row: WorkitemRow) => void;
  onNeedMore: () => void;
  children?: ReactNode;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollPaddingStart: 32,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && rows.length < count && lastShown >= rows.length - 25) {
      onNeedMore();
    }
  }, [lastShown, rows.length, count, onNeedMore]);

  // What is chosen is a case, not a place: when it leaves the list, nothing is, and Enter opens nothing.
  const selected = rows.findIndex((row) => row.id === selectedId);
  const go = (index: number) => {
    const clamped = Math.max(0, Math.min(rows.length - 1, index));
    setSelectedId(rows[clamped]?.id ?? null);
    virtual.scrollToIndex(clamped);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 300) / rowHeight) - 2);
    const steps: Record<string, number> = {
      ArrowDown: selected + 1,
      ArrowUp: selected - 1,
      PageDown: selected + page,
      PageUp: selected - page,
      Home: 0,
      End: rows.length - 1,
    };
    const target = steps[event.key];
    if (target !== undefined) {
      event.preventDefault();
      go(target);
      return;
    }
    const row = rows[selected];
    if (event.key === "Enter" && row && event.target === box.current) {
      event.preventDefault();
      onOpen(row);
    }
  };
  // The list takes the keys as soon as it is there, unless the reader is typing somewhere.
  const hasRows = rows.length > 0;
  useEffect(() => {
    if (hasRows && (document.activeElement === document.body || document.activeElement?.id === "page")) {
      box.current?.focus({ preventScroll: true });
    }
  }, [hasRows]);

  return (
    <div
      ref={box}
      className={classes.table}
      role="grid"
      aria-label="Worklist"
      aria-rowcount={count + 1}
      aria-activedescendant={rows[selected] ? `case-${rows[selected].id}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      data-testid="worklist-table"
    >
      <div className={`${classes.row} ${classes.head}`} role="row" tabIndex={-1}>
        {columns.map((column) => (
          <ColumnHead key={column.name} column={column} ordering={ordering} onOrdering={onOrdering} />
        ))}
      </div>
      <div className={classes.body} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          return row ? (
            <WorklistRow
              key={row.id}
              row={row}
              index={item.index}
              selected={item.index === selected}
              style={{ transform: `translateY(${item.start}px)` }}
              onOpen={() => onOpen(row)}
            />
          ) : null;
        })}
      </div>
      {Children.toArray(children).length > 0 ? (
        <div role="row" tabIndex={-1}>
          <div role="gridcell" tabIndex={-1}>
            {children}
          </div>
        </div>
      ) : null}
    </div>
  );
}

function ColumnHead({
  column,
  ordering,
  onOrdering,
}: {
  column: Column;
  ordering: Ordering | undefined;
  onOrdering: (ordering: Ordering | undefined) => void;
}) {
  const { turn } = column;
  if (!turn) {
    return (
      <div role="columnheader" tabIndex={-1}>
        {column.name}
      </div>
    );
  }
  const current = ordering ?? defaultOrdering;
  const active = turn.includes(current);
  const down = current.startsWith("-");
  return (
    <div role="columnheader" tabIndex={-1} aria-sort={active ? (down ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        className={classes.sort}
        onClick={() => onOrdering(turnedOrdering(ordering, turn[0], turn[1]))}
      >
        {column.name}
        {active ? (
          down ? (
            <IconArrowDown size={12} aria-hidden />
          ) : (
            <IconArrowUp size={12} aria-hidden />
          )
        ) : null}
      </button>
    </div>
  );
}
