import { notifications } from "@mantine/notifications";
import { asApiError } from "../api/errors";
import { ErrorLines } from "./error-lines";

/** Say that something was done. */
export function notifyDone(message: string): void {
  notifications.show({ message, color: "green", autoClose: 3500 });
}

/** Say that something went wrong: what to do, the code, and the request id for whoever looks into it. */
export function notifyError(thrown: unknown, title = "That did not work"): void {
  const error = asApiError(thrown);
  notifications.show({
    title,
    message: <ErrorLines error={error} />,
    color: "red",
    autoClose: 12_000,
    role: "alert",
  });
}
