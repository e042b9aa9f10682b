import { describe, expect, it } from "vitest";
import { ApiError } from "../api/errors";
import type { VerdictOut } from "../api/types";
import { isClutter } from "./file-collection";
import { type UploadDoor, UploadQueue } from "./upload-queue";

const verdict = (file_name: string, outcome: VerdictOut["outcome"]): VerdictOut => ({
  id: file_name,
  file_name,
  byte_size: 3,
  outcome,
  code: outcome === "refused" ? "not_dicom" : "",
  message: "",
  study_instance_uid: null,
});

function fileNamed(name: string) {
  return { file: new File(["abc"], name), path: name };
}

/** A door in memory: what is sent through it is written down, and named files break on the first try. */
function doorThat(breaksOnce: string[], answer: (path: string) => VerdictOut[]) {
  const broken = new Set(breaksOnce);
  const log = { sent: [] as string[], started: 0, finished: 0, atOnce: 0, most: 0 };
  const door: UploadDoor = {
    start: async () => {
      log.started += 1;
      return { id: `u${log.started}` };
    },
    send: async (_id, file, path, onProgress) => {
      log.atOnce += 1;
      log.most = Math.max(log.most, log.atOnce);
      await new Promise((resolve) => setTimeout(resolve, 1));
      log.atOnce -= 1;
      onProgress(file.size);
      if (broken.delete(path)) {
        throw new ApiError({ status: 0, code: "server_unreachable", message: "No answer." });
      }
      log.sent.push(path);
      return answer(path);
    },
    finish: async () => {
      log.finished += 1;
    },
  };
  return { door, log };
}

describe("the upload queue", () => {
  it("sends at most three files at once, and ends the batch once", async () => {
    const { door, log } = doorThat([], (path) => [verdict(path, "stored")]);
    const queue = new UploadQueue(door);
    await queue.add(
      "chest",
      Array.from({ length: 10 }, (_, n) => fileNamed(`${n}.dcm`)),
    );
    expect([log.sent.length, log.most, log.started, log.finished]).toEqual([10, 3, 1, 1]);
    expect(queue.view.getState().tally).toMatchObject({
      files: 10,
      answered: 10,
      stored: 10,
      bytes: 30,
      sentBytes: 30,
    });
    expect(queue.view.getState().running).toBe(false);
  });

  it("keeps the rest going when one file breaks, and sends only that one again on retry", async () => {
    const { door, log } = doorThat(["b.dcm"], (path) => [verdict(path, "stored")]);
    const queue = new UploadQueue(door);
    await queue.add("chest", ["a.dcm", "b.dcm", "c.dcm"].map(fileNamed));
    expect(queue.view.getState().tally).toMatchObject({ answered: 2, failed: 1 });
    await queue.retryFailed("chest");
    expect(log.sent.sort()).toEqual(["a.dcm", "b.dcm", "c.dcm"]);
    expect(queue.view.getState().tally).toMatchObject({ answered: 3, failed: 0 });
  });

  it("counts every entry of a zip by what became of it", async () => {
    const { door } = doorThat([], () => [
      verdict("1", "stored"),
      verdict("2", "refused"),
      verdict("3", "conflict"),
    ]);
    const queue = new UploadQueue(door);
    await queue.add("chest", [fileNamed("all.zip")]);
    expect(queue.view.getState().tally).toMatchObject({ files: 1, stored: 1, refused: 1, conflict: 1 });
  });

  it("says why when the batch cannot even begin", async () => {
    const { door } = doorThat([], () => []);
    const queue = new UploadQueue({
      ...door,
      start: async () => {
        throw new ApiError({ status: 403, code: "not_permitted", message: "Not yours." });
      },
    });
    await queue.add("chest", [fileNamed("a.dcm")]);
    expect(queue.view.getState().batchError?.code).toBe("not_permitted");
    expect(queue.view.getState().items[0]?.state).toBe("failed");
  });

  it("leaves out what operating systems scatter into folders", () => {
    expect([isClutter("a/.DS_Store"), isClutter("__MACOSX/a.dcm"), isClutter("a/IM000001")]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
