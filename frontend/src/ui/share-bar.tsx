import classes from "./share-bar.module.css";

/** A thin horizontal bar of one or more shares (0..1 each), drawn as SVG so that no inline style is needed. */
export function ShareBar({
  parts,
  label,
  width = 90,
}: {
  parts: { share: number; color: string }[];
  label: string;
  width?: number | string;
}) {
  let left = 0;
  return (
    <svg
      className={classes.bar}
      width={width}
      height="8"
      viewBox="0 0 100 8"
      preserveAspectRatio="none"
      role="img"
    >
      <title>{label}</title>
      <rect x="0" y="0" width="100" height="8" className={classes.track} />
      {parts.map((part) => {
        const x = left;
        const wide = Math.max(0, Math.min(1, part.share)) * 100;
        left += wide;
        return <rect key={`${part.color}-${x}`} x={x} y="0" width={wide} height="8" fill={part.color} />;
      })}
    </svg>
  );
}
