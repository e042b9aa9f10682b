import { Tooltip } from "@mantine/core";
import { useEffect } from "react";
import { performById } from "../../actions/action-table";
import { useReadingUi } from "../../state/reading-ui";
import { linkNames, linkPanes } from "../../viewer/pane-links";
import classes from "./viewport.module.css";

const words = {
  scroll: ["Scroll", "The other viewport goes to the same place, in one patient space"],
  window: ["Window", "The other viewport takes the same window, in the same unit"],
  zoom: ["Zoom", "The other viewport shows a millimetre as large"],
} as const;

/** What the two viewports do together. */
export function LinkBar() {
  const links = useReadingUi((state) => state.links);
  useEffect(linkPanes, []);
  return (
    <div className={classes.links} role="toolbar" aria-label="Linked viewports">
      {linkNames.map((name) => (
        <Tooltip key={name} label={words[name][1]}>
          <button
            type="button"
            className={classes.link}
            aria-pressed={links[name]}
            data-on={links[name]}
            data-testid={`link-${name}`}
            onClick={() => performById(`link.${name}`)}
          >
            {words[name][0]}
          </button>
        </Tooltip>
      ))}
    </div>
  );
}
