import { Button } from "@mantine/core";
import { actionPorts } from "../../actions/ports";
import { type Offer, useSaveStatus } from "../../state/reading-save-status";
import { session } from "../../state/reading-session";
import { say } from "../../state/reading-ui";
import { formatInstant } from "../../ui/format";
import { showFinding } from "../../viewer/jump";
import classes from "./panel.module.css";
import { contentTitle } from "./words";

async function apply(offer: Offer): Promise<void> {
  const key = await session.applyOffer(offer.draft.id);
  if (key) {
    say(offer.draft.deleted ? "Deleted." : "Put back on the page.");
    await showFinding(key);
  }
}

const whatIs = ({ draft }: Offer): string => {
  const title = contentTitle(draft.content);
  return draft.deleted ? `Delete ${title}` : draft.findingId === null ? `New: ${title}` : `Changed: ${title}`;
};

/** Changes that are not on the server and wait for a word: they are never sent by themselves. */
export function OffersNote() {
  const offers = useSaveStatus((state) => state.offers);
  if (offers.length === 0) {
    return null;
  }
  const each = (what: (offer: Offer) => Promise<void>) => () => {
    // One after the other: each may be refused again, and says so.
    offers
      .reduce((before, offer) => before.then(() => what(offer)), Promise.resolve())
      .catch(actionPorts().reportProblem);
  };
  return (
    <section className={classes.locked} data-tone="bad" data-testid="offers-note" aria-label="Set aside">
      <div style={{ flex: 1, minWidth: 0 }}>
        <strong>
          {offers.length === 1
            ? "1 change is not on the server"
            : `${offers.length} changes are not on the server`}
        </strong>
        {offers.map((offer) => (
          <div key={offer.draft.id} data-testid="offer" style={{ marginTop: 6 }}>
            <div>{whatIs(offer)}</div>
            <div className={classes.small}>
              {offer.refusal ??
                `Left behind in this browser on ${formatInstant(new Date(offer.draft.at).toISOString())}.`}
            </div>
            <Button.Group mt={4}>
              <Button
                size="compact-xs"
                variant="default"
                data-testid="offer-apply"
                onClick={() => void apply(offer).catch(actionPorts().reportProblem)}
              >
                Apply
              </Button>
              <Button
                size="compact-xs"
                variant="default"
                data-testid="offer-discard"
                onClick={() => void session.discardOffer(offer.draft.id).catch(actionPorts().reportProblem)}
              >
                Discard
              </Button>
            </Button.Group>
          </div>
        ))}
        {offers.length > 1 ? (
          <Button.Group mt={8}>
            <Button size="compact-xs" variant="default" data-testid="offers-apply-all" onClick={each(apply)}>
              Apply all
            </Button>
            <Button
              size="compact-xs"
              variant="default"
              data-testid="offers-discard-all"
              onClick={each((offer) => session.discardOffer(offer.draft.id))}
            >
              Discard all
            </Button>
          </Button.Group>
        ) : null}
      </div>
    </section>
  );
}
