import { useQueries } from "@tanstack/react-query";
import { workitemCountQuery } from "../../api/workitems";
import { type WorklistSearch, workitemStates } from "../../state/worklist-filters";
import { formatCount } from "../../ui/format";
import { stateWords } from "../../ui/state-badge";
import classes from "./worklist.module.css";

/** One card a state with how many cases are in it under the other filters; pressing it filters by it. */
export function StateCards({
  search,
  onState,
}: {
  search: WorklistSearch & { project?: string };
  onState: (state: WorklistSearch["state"]) => void;
}) {
  const { state: chosen, ordering: _ordering, ...others } = search;
  const states = [undefined, ...workitemStates];
  const counts = useQueries({
    queries: states.map((state) => workitemCountQuery({ ...others, state })),
  });
  return (
    <div className={classes.cards} role="toolbar" aria-label="Cases by state">
      {states.map((state, index) => {
        const count = counts[index]?.data;
        return (
          <button
            key={state ?? "all"}
            type="button"
            className={classes.card}
            aria-pressed={state === chosen}
            data-testid={`state-card-${state ?? "all"}`}
            onClick={() => onState(state)}
          >
            <div className={classes.count}>{count === undefined ? "…" : formatCount(count)}</div>
            <div className={classes.cardName}>{state ? stateWords(state) : "All cases"}</div>
          </button>
        );
      })}
    </div>
  );
}
