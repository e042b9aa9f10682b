import { Code, Progress } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import type { MeProject, VerdictOut } from "../../api/types";
import type { UploadItem } from "../../state/upload-queue";
import { formatBytes } from "../../ui/format";
import { StateBadge } from "../../ui/state-badge";
import classes from "./upload.module.css";

interface Line {
  key: string;
  name: string;
  bytes: number;
  nested: boolean;
  item: UploadItem;
  verdict: VerdictOut | null;
}

function linesOf(items: readonly UploadItem[]): Line[] {
  return items.flatMap((item) => {
    const only = item.verdicts.length === 1 ? item.verdicts[0] : undefined;
    const own: Line = {
      key: String(item.key),
      name: item.path,
      bytes: item.file.size,
      nested: false,
      item,
      verdict: only ?? null,
    };
    if (item.verdicts.length <= 1) {
      return [own];
    }
    const entries = item.verdicts.map((verdict, index) => ({
      key: `${item.key}/${index}`,
      name: verdict.file_name,
      bytes: verdict.byte_size,
      nested: true,
      item,
      verdict,
    }));
    return [own, ...entries];
  });
}

/** One row a file, and one for each entry of a zip; only rows in sight are in the page. */
export function UploadList({
  items,
  projects,
}: {
  items: readonly UploadItem[];
  projects: readonly MeProject[];
}) {
  const box = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => linesOf(items), [items]);
  const titles = useMemo(() => new Map(projects.map((row) => [row.slug, row.title])), [projects]);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => 34,
    overscan: 15,
  });
  return (
    <div ref={box} className={classes.list} role="list" aria-label="Files" data-testid="upload-list">
      <div style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((shown) => {
          const line = lines[shown.index];
          return line ? (
            <UploadRow
              key={line.key}
              line={line}
              project={titles.get(line.item.project) ?? line.item.project}
              top={shown.start}
            />
          ) : null;
        })}
      </div>
    </div>
  );
}

function UploadRow({ line, project, top }: { line: Line; project: string; top: number }) {
  const { item, verdict, nested } = line;
  const share = item.file.size > 0 ? Math.min(100, (item.sentBytes / item.file.size) * 100) : 100;
  const why = verdict ?? item.error;
  return (
    <div
      className={classes.row}
      role="listitem"
      style={{ transform: `translateY(${top}px)` }}
      data-testid="upload-row"
      data-outcome={verdict?.outcome ?? item.state}
      data-project={item.project}
    >
      <div className={nested ? classes.nested : undefined} title={line.name}>
        {line.name}
      </div>
      <div className={classes.why} title={`For ${project}`}>
        {project}
      </div>
      <div className={classes.right}>{formatBytes(line.bytes)}</div>
      <div>
        {nested ? null : (
          <Progress
            value={item.state === "answered" ? 100 : share}
            size="sm"
            color={item.state === "failed" ? "red" : item.state === "answered" ? "green" : "signal"}
            animated={item.state === "sending" && share >= 100}
            aria-label={`Sent of ${line.name}`}
          />
        )}
      </div>
      <div>
        <Outcome line={line} />
      </div>
      <div className={classes.why} title={why?.message}>
        {why?.code ? <Code fz="xs">{why.code}</Code> : null} {why?.message}
      </div>
    </div>
  );
}

function Outcome({ line }: { line: Line }) {
  const { item, verdict, nested } = line;
  if (verdict) {
    return <StateBadge state={verdict.outcome} />;
  }
  if (!nested && item.verdicts.length > 1) {
    return <>{item.verdicts.length} entries</>;
  }
  switch (item.state) {
    case "failed":
      return <StateBadge state="failed" />;
    case "sending":
      return <>{item.sentBytes >= item.file.size ? "Being checked…" : "Sending…"}</>;
    case "waiting":
      return <>Waiting</>;
    case "stopped":
      return <>Stopped</>;
    default:
      return <>Nothing found in it</>;
  }
}
