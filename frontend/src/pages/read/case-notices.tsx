import { IconAlertTriangle } from "@tabler/icons-react";
import { useReading } from "../../state/reading-session";
import classes from "./read.module.css";

/** What the reader must know of the study before believing what is shown of it; above everything else. */
export function CaseNotices() {
  const notices = useReading((state) => state.workitem?.notices);
  if (!notices || notices.length === 0) {
    return null;
  }
  return (
    <div className={classes.notices} role="alert" data-testid="case-notices">
      {notices.map((one) => (
        <div key={`${one.code}${one.message}`} data-code={one.code}>
          <IconAlertTriangle size={14} aria-hidden /> {one.message}
        </div>
      ))}
    </div>
  );
}
