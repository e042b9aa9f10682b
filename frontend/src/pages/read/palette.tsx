import { createSpotlight, Spotlight } from "@mantine/spotlight";
import { useState } from "react";
import { isPossible, labelOf } from "../../actions/action";
import { actionTable, perform } from "../../actions/action-table";
import { shownKey } from "../../actions/keys";

export const [paletteStore, palette] = createSpotlight();

/** Ctrl+K: every action that makes sense now, by name. */
export function Palette() {
  const [, setOpened] = useState(0);
  const actions = actionTable
    .filter((action) => action.id !== "help.palette" && action.id !== "escape" && isPossible(action))
    .map((action) => ({
      id: action.id,
      label: labelOf(action),
      description: [action.group, ...action.keys.map(shownKey)].join(" · "),
      onClick: () => perform(action),
    }));
  return (
    <Spotlight
      store={paletteStore}
      actions={actions}
      shortcut={null}
      limit={12}
      highlightQuery
      nothingFound="Nothing by this name"
      scrollable
      maxHeight={420}
      transitionProps={{ exitDuration: 0 }}
      searchProps={{ placeholder: "What do you want to do?", "aria-label": "Command" }}
      onSpotlightOpen={() => setOpened((count) => count + 1)}
    />
  );
}
