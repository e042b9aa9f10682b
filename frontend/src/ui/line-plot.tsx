import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import classes from "./plot.module.css";

export interface PlotLine {
  name: string;
  /** Name of a colour token, such as `--ov-curve-1`. */
  color: string;
  values: (number | null)[];
  dashed?: boolean;
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888888";
}

function seriesKey(lines: PlotLine[]): string {
  return lines.map((line) => `${line.name}|${line.color}|${line.dashed ?? false}`).join("\n");
}

/** The value under the pointer; while nobody points at the plot, the newest. */
function legendValue(plot: uPlot, value: number | null, series: number): string {
  const values = Array.from<number | null | undefined>(plot.data[series] ?? []);
  const shown = value ?? values.findLast((one) => typeof one === "number") ?? null;
  return shown === null ? "–" : String(Number(shown.toPrecision(4)));
}

/** Lines over a common x, drawn by uPlot; new values are set without drawing the plot anew. */
export function LinePlot({
  x,
  lines,
  xLabel,
  yRange,
  height = 220,
  label,
}: {
  x: number[];
  lines: PlotLine[];
  xLabel: string;
  yRange?: [number, number];
  height?: number;
  label: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ x, lines });
  latest.current = { x, lines };
  const key = seriesKey(lines);
  const low = yRange?.[0];
  const high = yRange?.[1];

  // The key stands for the lines' names and looks; their values are set below.
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines are read through the ref
  useEffect(() => {
    const box = place.current;
    if (!box) {
      return;
    }
    const axis = {
      stroke: token("--ov-text-dim"),
      grid: { stroke: token("--ov-line"), width: 1 },
      ticks: { stroke: token("--ov-line"), width: 1 },
      font: "11px sans-serif",
    };
    const made = new uPlot(
      {
        width: Math.max(200, box.clientWidth),
        height,
        scales: {
          x: { time: false },
          y: low === undefined || high === undefined ? {} : { range: [low, high] },
        },
        axes: [
          // Epochs are counted in whole numbers.
          {
            ...axis,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
            label: xLabel,
            labelFont: "11px sans-serif",
            labelSize: 18,
            size: 34,
          },
          { ...axis, size: 48 },
        ],
        series: [
          { label: xLabel, value: legendValue },
          ...latest.current.lines.map((line) => ({
            label: line.name,
            value: legendValue,
            stroke: token(line.color),
            width: 2,
            dash: line.dashed ? [5, 4] : undefined,
            points: { show: latest.current.x.length < 3 },
            spanGaps: true,
          })),
        ],
      },
      [latest.current.x, ...latest.current.lines.map((line) => line.values)],
      box,
    );
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: Math.max(200, box.clientWidth), height }));
    watcher.observe(box);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [key, xLabel, height, low, high]);

  useEffect(() => {
    plot.current?.setData([x, ...lines.map((line) => line.values)]);
  }, [x, lines]);

  return <div ref={place} className={classes.plot} role="img" aria-label={label} />;
}
