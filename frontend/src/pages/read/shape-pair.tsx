import { geometryOnFrame } from "../../geometry/bridge";
import type { RevisionContent } from "../../geometry/content";
import { type ImagePoint, imagePoint } from "../../geometry/points";
import { activePane } from "../../viewer/panes";
import { isDrawn, shapeOf } from "../../viewer/shape-kinds";

const side = 300;

interface Drawing {
  line: ImagePoint[];
  closed: boolean;
  /** [column, row, pixels] of each painted run. */
  runs: [number, number, number][];
}

const nothing: Drawing = { line: [], closed: false, runs: [] };

/** What is drawn, in pixels of its frame; of a mask the frame on which the two differ most, or the first. */
function drawingOf(content: RevisionContent, frameKey: string | null): Drawing {
  const { geometry, mask, kind } = content;
  if (mask) {
    const frame = mask.frames.find((one) => `${one.sop_instance_uid}#${one.frame_number}` === frameKey);
    const runs: Drawing["runs"] = [];
    for (let at = 0; frame && at + 1 < frame.runs.length; at += 2) {
      let start = frame.runs[at] ?? 0;
      for (let left = frame.runs[at + 1] ?? 0; left > 0; ) {
        const column = start % mask.columns;
        const length = Math.min(left, mask.columns - column);
        runs.push([column, Math.floor(start / mask.columns), length]);
        start += length;
        left -= length;
      }
    }
    return { ...nothing, runs };
  }
  const frame = activePane()
    .getView()
    .stack?.frames.find(
      (one) => one.sopInstanceUid === geometry?.sop_instance_uid && one.frameNumber === geometry.frame_number,
    );
  const points = geometry && frame ? geometryOnFrame(geometry, frame) : null;
  if (!points || !isDrawn(kind)) {
    return nothing;
  }
  const shape = shapeOf(kind);
  return { ...nothing, line: [...shape.outline(points)], closed: shape.area };
}

/** The painted frame that the two masks do not share alike, else the first one that either holds. */
function frameToShow(a: RevisionContent, b: RevisionContent): string | null {
  const framesOf = (content: RevisionContent) =>
    new Map(
      (content.mask?.frames ?? []).map(
        (frame) => [`${frame.sop_instance_uid}#${frame.frame_number}`, frame.runs.join()] as const,
      ),
    );
  const [mine, theirs] = [framesOf(a), framesOf(b)];
  const keys = [...new Set([...mine.keys(), ...theirs.keys()])];
  return keys.find((key) => mine.get(key) !== theirs.get(key)) ?? keys[0] ?? null;
}

function corners({ line, runs }: Drawing): ImagePoint[] {
  return [
    ...line,
    ...runs.flatMap(([column, row, length]) => [
      imagePoint(column, row),
      imagePoint(column + length, row + 1),
    ]),
  ];
}

function Shape({ drawing, mine, width }: { drawing: Drawing; mine: boolean; width: number }) {
  const color = mine ? "var(--ov-accent)" : "var(--ov-warn)";
  const points = drawing.line.map((point) => `${point[0]},${point[1]}`).join(" ");
  const stroke = { stroke: color, strokeWidth: width, strokeDasharray: mine ? undefined : `${4 * width}` };
  const [only] = drawing.line;
  return (
    <g data-side={mine ? "mine" : "theirs"} fill="none" {...stroke}>
      {drawing.line.length === 1 && only ? <circle cx={only[0]} cy={only[1]} r={3 * width} /> : null}
      {drawing.line.length > 1 ? (
        drawing.closed ? (
          <polygon points={points} />
        ) : (
          <polyline points={points} />
        )
      ) : null}
      {drawing.runs.map(([column, row, length]) => (
        <rect
          key={`${row}-${column}`}
          x={column}
          y={row}
          width={length}
          height={1}
          fill={color}
          fillOpacity={mine ? 0.55 : 0.4}
          stroke="none"
        />
      ))}
    </g>
  );
}

/** Two versions of one drawing over each other, so that one sees which is where before choosing. */
export function ShapePair({
  mine,
  theirs,
  mineName,
  theirsName,
}: {
  mine: RevisionContent | null;
  theirs: RevisionContent | null;
  mineName: string;
  theirsName: string;
}) {
  const any = mine ?? theirs;
  const frame = any ? frameToShow(mine ?? any, theirs ?? any) : null;
  const drawings = [mine, theirs].map((content) => (content ? drawingOf(content, frame) : nothing));
  const all = drawings.flatMap(corners);
  if (all.length === 0) {
    return null;
  }
  const columns = all.map((point) => point[0]);
  const rows = all.map((point) => point[1]);
  const [x0, x1, y0, y1] = [Math.min(...columns), Math.max(...columns), Math.min(...rows), Math.max(...rows)];
  const room = Math.max(8, 0.15 * Math.max(x1 - x0, y1 - y0));
  const width = Math.max(x1 - x0, y1 - y0) + 2 * room;
  const view = `${(x0 + x1 - width) / 2} ${(y0 + y1 - width) / 2} ${width} ${width}`;
  const [ours = nothing, others = nothing] = drawings;
  return (
    <figure style={{ margin: 0 }} data-testid="shape-pair">
      <svg
        viewBox={view}
        width={side}
        height={side}
        role="img"
        aria-label={`${mineName} and ${theirsName} over each other`}
        style={{ background: "var(--ov-image, #000)", display: "block" }}
      >
        <Shape drawing={others} mine={false} width={(1.6 * width) / side} />
        <Shape drawing={ours} mine width={(1.6 * width) / side} />
      </svg>
      <figcaption style={{ fontSize: 12 }}>
        <span style={{ color: "var(--ov-accent)" }}>— {mineName}</span>{" "}
        <span style={{ color: "var(--ov-warn)" }}>- - {theirsName}</span>
      </figcaption>
    </figure>
  );
}
