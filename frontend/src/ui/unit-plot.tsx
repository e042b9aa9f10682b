import classes from "./plot.module.css";

export interface UnitCurve {
  name: string;
  /** A CSS colour, usually a token. */
  color: string;
  /** `low` and `high` draw the interval of y as a line. */
  points: { x: number; y: number; size?: number; low?: number | null; high?: number | null }[];
  dashed?: boolean;
  dots?: boolean;
}

const size = 300;
const left = 42;
const bottom = 34;
const ticks = [0, 0.25, 0.5, 0.75, 1];
const unitTicks = ticks.map((tick) => ({ at: tick, label: String(tick) }));
const px = (x: number) => left + x * (size - left - 10);
const py = (y: number) => 8 + (1 - y) * (size - bottom - 8);

/** A square plot of curves in the unit square: ROC and calibration, with the diagonal; FROC has a scale of its own. */
export function UnitPlot({
  curves,
  xLabel,
  yLabel,
  label,
  across = unitTicks,
  diagonal = true,
}: {
  curves: UnitCurve[];
  xLabel: string;
  yLabel: string;
  label: string;
  /** What stands below, and where between 0 and 1. */
  across?: { at: number; label: string }[];
  diagonal?: boolean;
}) {
  return (
    <div>
      <svg viewBox={`0 0 ${size} ${size}`} className={classes.svg} role="img" aria-label={label}>
        <title>{label}</title>
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={px(0)} x2={px(1)} y1={py(tick)} y2={py(tick)} className={classes.grid} />
            <text x={left - 5} y={py(tick) + 3} textAnchor="end">
              {tick}
            </text>
          </g>
        ))}
        {across.map((tick) => (
          <g key={tick.label}>
            <line x1={px(tick.at)} x2={px(tick.at)} y1={py(0)} y2={py(1)} className={classes.grid} />
            <text x={px(tick.at)} y={py(0) + 13} textAnchor="middle">
              {tick.label}
            </text>
          </g>
        ))}
        {diagonal ? <line x1={px(0)} y1={py(0)} x2={px(1)} y2={py(1)} className={classes.chance} /> : null}
        <rect x={px(0)} y={py(1)} width={px(1) - px(0)} height={py(0) - py(1)} className={classes.axis} />
        <text x={(px(0) + px(1)) / 2} y={size - 6} textAnchor="middle">
          {xLabel}
        </text>
        <text transform={`translate(10 ${(py(0) + py(1)) / 2}) rotate(-90)`} textAnchor="middle">
          {yLabel}
        </text>
        {curves.map((curve) => (
          <g key={curve.name}>
            <polyline
              points={curve.points.map((point) => `${px(point.x)},${py(point.y)}`).join(" ")}
              fill="none"
              stroke={curve.color}
              strokeWidth={1.8}
              strokeDasharray={curve.dashed ? "5 4" : undefined}
            />
            {curve.points.map((point) =>
              point.low == null || point.high == null ? null : (
                <line
                  key={`interval ${point.x} ${point.y}`}
                  x1={px(point.x)}
                  x2={px(point.x)}
                  y1={py(point.low)}
                  y2={py(point.high)}
                  stroke={curve.color}
                  opacity={0.45}
                />
              ),
            )}
            {curve.dots
              ? curve.points.map((point) => (
                  <circle
                    key={`${point.x} ${point.y}`}
                    cx={px(point.x)}
                    cy={py(point.y)}
                    r={2 + 3 * Math.min(1, point.size ?? 0.3)}
                    fill={curve.color}
                  />
                ))
              : null}
          </g>
        ))}
      </svg>
      <div className={classes.legend}>
        {curves.map((curve) => (
          <span key={curve.name} className={classes.key}>
            <svg width="18" height="6" aria-hidden="true">
              <line
                x1="0"
                x2="18"
                y1="3"
                y2="3"
                stroke={curve.color}
                strokeWidth="2"
                strokeDasharray={curve.dashed ? "5 4" : undefined}
              />
            </svg>
            {curve.name}
          </span>
        ))}
      </div>
    </div>
  );
}
