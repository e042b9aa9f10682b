import { useFindings } from "../../state/reading-findings";
import { canAlign, useRegistration } from "../../state/reading-registration";
import { useReading } from "../../state/reading-session";
import { type PanelTab, setReadingUi, useReadingUi } from "../../state/reading-ui";
import { AiPanel } from "./ai-panel";
import { AlignPanel } from "./align-panel";
import { CommentsPanel } from "./comments-panel";
import { FindingsPanel } from "./findings-panel";
import { HistoryPanel } from "./history-panel";
import { LayersPanel, useSeriesLayers } from "./layers-panel";
import classes from "./panel.module.css";

const tabs: { id: PanelTab; label: string }[] = [
  { id: "findings", label: "Findings" },
  { id: "ai", label: "AI" },
  { id: "layers", label: "Layers" },
  { id: "align", label: "Align" },
  { id: "comments", label: "Comments" },
  { id: "history", label: "History" },
];

/** What is known of the case, beside the image. */
export function SidePanel() {
  const tab = useReadingUi((state) => state.tab);
  const comments = useReading((state) => state.comments.length);
  const findings = useFindings(
    (state) => Object.values(state.rows).filter((row) => !row.deleted && !row.correctionOf).length,
  );
  const layers = useSeriesLayers()?.layers.length ?? 0;
  // Most cases hold nothing that could be aligned: there the tab is not.
  const offered = useRegistration((state) => canAlign(state.pairs) || state.list.length > 0);
  const counts: Partial<Record<PanelTab, number>> = { findings, comments, layers };
  return (
    <aside className={classes.panel} aria-label="Case panel">
      <div className={classes.tabs} data-many={offered} role="tablist" aria-label="Case panel">
        {tabs
          .filter(({ id }) => id !== "align" || offered)
          .map(({ id, label }) => (
            <button
              key={id}
              type="button"
              role="tab"
              id={`tab-${id}`}
              className={classes.tab}
              aria-selected={tab === id}
              aria-controls="side-panel"
              data-testid={`tab-${id}`}
              onClick={() => setReadingUi({ tab: id })}
            >
              {label}
              {counts[id] ? ` ${counts[id]}` : ""}
            </button>
          ))}
      </div>
      <div
        className={classes.panelBody}
        data-split={tab === "findings"}
        role="tabpanel"
        id="side-panel"
        aria-labelledby={`tab-${tab}`}
      >
        {tab === "findings" ? <FindingsPanel /> : null}
        {tab === "ai" ? <AiPanel /> : null}
        {tab === "layers" ? <LayersPanel /> : null}
        {tab === "align" ? <AlignPanel /> : null}
        {tab === "comments" ? <CommentsPanel /> : null}
        {tab === "history" ? <HistoryPanel /> : null}
      </div>
    </aside>
  );
}
