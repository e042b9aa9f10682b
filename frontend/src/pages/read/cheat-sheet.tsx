import { Kbd, Modal } from "@mantine/core";
import { type ActionGroup, isPossible, labelOf } from "../../actions/action";
import { actionTable } from "../../actions/action-table";
import { shownKey } from "../../actions/keys";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";
import sheetClasses from "./cheat-sheet.module.css";
import classes from "./panel.module.css";

const groups: ActionGroup[] = [
  "Tools",
  "Image",
  "Findings",
  "Image labels",
  "AI",
  "Align",
  "Review",
  "Case",
  "Help",
];

/** Every key, from the table of actions; those that make no sense now are dim. */
export function CheatSheet() {
  const open = useReadingUi((state) => state.dialog === "cheat-sheet");
  return (
    <Modal opened={open} onClose={() => setReadingUi({ dialog: null })} title="All keys" size={1100}>
      {open ? (
        <div className={sheetClasses.sheet} data-testid="cheat-sheet">
          {groups.map((group) => (
            <section key={group} className={sheetClasses.sheetGroup}>
              <div className={classes.heading}>{group}</div>
              {actionTable
                .filter((action) => action.group === group && action.keys.length > 0)
                .filter((action) => !labelOf(action).includes("—"))
                .map((action) => (
                  <div
                    key={action.id}
                    className={sheetClasses.sheetRow}
                    style={isPossible(action) ? undefined : { color: "var(--ov-text-faint)" }}
                  >
                    <span>{labelOf(action)}</span>
                    <span>
                      {action.keys.map((key) => (
                        <Kbd key={key} size="xs" ml={4}>
                          {shownKey(key)}
                        </Kbd>
                      ))}
                    </span>
                  </div>
                ))}
            </section>
          ))}
          <section className={sheetClasses.sheetGroup}>
            <div className={classes.heading}>Mouse</div>
            {[
              ["Left", "tool in hand"],
              ["Right, drag", "window (zoom, when the window tool is in hand)"],
              ["Middle, drag", "pan"],
              ["Wheel", "scroll"],
              ["Ctrl wheel", "zoom"],
              ["Shift, drag", "square or circle"],
            ].map(([key, what]) => (
              <div key={key} className={sheetClasses.sheetRow}>
                <span>{what}</span>
                <Kbd size="xs">{key}</Kbd>
              </div>
            ))}
          </section>
        </div>
      ) : null}
    </Modal>
  );
}
