import { finishUpload, sendFile, startUpload } from "../api/uploads";
import { UploadQueue } from "./upload-queue";

/** One queue for the session: leaving the page does not stop an upload, leaving the building does. */
export const uploads = new UploadQueue({ start: startUpload, send: sendFile, finish: finishUpload });
