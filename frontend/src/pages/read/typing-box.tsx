import { TextInput } from "@mantine/core";
import { actionPorts } from "../../actions/ports";
import { imagePoint } from "../../geometry/points";
import { session } from "../../state/reading-session";
import { type PaneId, setReadingUi, useReadingUi } from "../../state/reading-ui";
import { useKeptWords } from "../../state/reading-words";
import { commitShape } from "../../viewer/commit-shape";
import classes from "./viewport.module.css";

/** The little field that opens on the image for a text or a comment. */
export function TypingBox({ pane }: { pane: PaneId }) {
  const typing = useReadingUi((state) => (state.typing?.pane === pane ? state.typing : null));
  // Words that were not finished (a crash, another tool) are there again when the next box opens.
  const [text, setText] = useKeptWords(typing?.purpose === "comment" ? "pin" : "point");
  if (!typing) {
    return null;
  }
  const close = () => {
    setText("");
    setReadingUi({ typing: null });
  };
  const done = () => {
    const words = text.trim();
    close();
    if (typing.purpose === "comment") {
      if (words) {
        // The pin says where it is; about which finding it is, nobody said.
        session.comment(words, typing.pin, null).catch(actionPorts().reportProblem);
        setReadingUi({ tab: "comments", tool: "window" });
      }
    } else {
      // The text belongs to the image that was clicked, whatever is shown by now.
      const { frame, seriesUid, pin } = typing;
      commitShape({ frame, seriesUid }, "point", [imagePoint(pin.point[0], pin.point[1])], words);
    }
  };
  const comment = typing.purpose === "comment";
  return (
    <div
      className={classes.typing}
      style={{ left: Math.max(0, typing.x + 8), top: Math.max(0, typing.y + 8) }}
    >
      <TextInput
        autoFocus
        size="xs"
        label={comment ? "Comment here" : "Text at this point"}
        description="Enter keeps it, Esc drops it"
        data-testid={comment ? "comment-input" : "point-text-input"}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            done();
          } else if (event.key === "Escape") {
            event.preventDefault();
            close();
          }
        }}
      />
    </div>
  );
}
