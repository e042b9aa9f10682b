import { Button, Textarea } from "@mantine/core";
import { IconMessagePin } from "@tabler/icons-react";
import { performById } from "../../actions/action-table";
import { actionPorts } from "../../actions/ports";
import { session, useReading } from "../../state/reading-session";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";
import { useKeptWords } from "../../state/reading-words";
import { formatInstant } from "../../ui/format";
import { showPin } from "../../viewer/jump";
import classes from "./panel.module.css";

/** Comments on the case; those with a pin show their place. */
export function CommentsPanel() {
  const comments = useReading((state) => state.comments);
  const active = useReadingUi((state) => state.activeComment);
  const [text, setText] = useKeptWords("comment");
  const pinned = comments.filter((comment) => comment.pin);
  const send = () => {
    const words = text.trim();
    if (words) {
      setText("");
      session.comment(words, null, null).catch((thrown: unknown) => {
        setText(words);
        actionPorts().reportProblem(thrown);
      });
    }
  };
  return (
    <>
      <div className={classes.heading}>
        Comments <span className={classes.key}>M pins one on the image</span>
      </div>
      {comments.map((comment) => (
        <div
          key={comment.id}
          className={classes.comment}
          data-active={comment.id === active}
          data-testid="comment"
        >
          <div className={classes.small}>
            {comment.author?.display_name ?? "—"} · {formatInstant(comment.created_at)}
          </div>
          {comment.text}
          {comment.pin ? (
            <div>
              <Button
                size="compact-xs"
                variant="subtle"
                leftSection={<IconMessagePin size={13} aria-hidden />}
                data-testid="comment-show"
                onClick={() => {
                  setReadingUi({ activeComment: comment.id });
                  if (comment.pin) {
                    void showPin(comment.pin);
                  }
                }}
              >
                Pin {pinned.indexOf(comment) + 1}: show the place
              </Button>
            </div>
          ) : null}
        </div>
      ))}
      {comments.length === 0 ? <div className={classes.none}>No comments yet.</div> : null}
      <Textarea
        mt="xs"
        label="Comment on the whole case"
        autosize
        minRows={2}
        value={text}
        data-testid="case-comment"
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            event.stopPropagation();
            send();
          }
        }}
      />
      <Button.Group mt={6}>
        <Button variant="default" data-testid="case-comment-send" onClick={send}>
          Send
        </Button>
        <Button variant="default" onClick={() => performById("tool.comment")}>
          Pin on the image (M)
        </Button>
      </Button.Group>
    </>
  );
}
