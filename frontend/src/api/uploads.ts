import { apiUrl, post } from "./client";
import { csrfToken } from "./csrf";
import { ApiError, errorFromAnswer, errorFromSilence } from "./errors";
import { ownerHeader, pageOwner } from "./page-owner";
import type { UploadOut, VerdictOut } from "./types";

export const startUpload = (project: string) => post<UploadOut>("uploads", { project });
export const finishUpload = (id: string) => post<UploadOut>(`uploads/${id}/finish`);

/** Send one file with progress (bytes sent); resolves to what became of it (or of each entry of a zip). */
export function sendFile(
  uploadId: string,
  file: File,
  name: string,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<VerdictOut[]> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", apiUrl(`uploads/${uploadId}/files`));
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    const owner = pageOwner();
    if (owner !== null) {
      request.setRequestHeader(ownerHeader, owner);
    }
    request.responseType = "text";
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onerror = () => reject(errorFromSilence());
    request.onabort = () =>
      reject(
        new ApiError({ status: 0, code: "cancelled", message: "Cancelled. Press Retry to send it again." }),
      );
    request.onload = () => {
      let body: unknown;
      try {
        body = JSON.parse(request.responseText) as unknown;
      } catch {
        body = undefined;
      }
      if (request.status >= 200 && request.status < 300) {
        resolve((body as { verdicts: VerdictOut[] }).verdicts);
      } else {
        reject(errorFromAnswer(request.status, body, request.getResponseHeader("X-Request-ID") ?? ""));
      }
    };
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    form.append("file", file, file.name);
    form.append("path", name);
    request.send(form);
  });
}
