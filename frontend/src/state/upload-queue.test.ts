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

/** A door in memory: what is sent through it is written down by project, and named files break on the first try. */
function doorThat(breaksOnce: string[], answer: (path: string) => VerdictOut[]) {
  const broken = new Set(breaksOnce);
  const log = {
    sent: [] as string[],
    byProject: {} as Record<string, string[]>,
    started: [] as string[],
    finished: [] as string[],
    atOnce: 0,
    most: 0,
  };
  const door: UploadDoor = {
    start: async (project) => {
      log.started.push(project);
      return { id: `${project}/${log.started.length}` };
    },
    send: async (id, file, path, onProgress, signal) => {
      log.atOnce += 1;
      log.most = Math.max(log.most, log.atOnce);
      await new Promise((resolve) => setTimeout(resolve, 1));
      log.atOnce -= 1;
      onProgress(file.size);
      if (signal.aborted) {
        throw new ApiError({ status: 0, code: "cancelled", message: "Cancelled." });
      }
      if (broken.delete(path)) {
        throw new ApiError({ status: 0, code: "server_unreachable", message: "No answer." });
      }
      log.sent.push(path);
      const project = id.split("/")[0] ?? "";
      log.byProject[project] = [...(log.byProject[project] ?? []), path].sort();
      return answer(path);
    },
    finish: async (id) => {
      log.finished.push(id);
    },
  };
  return { door, log };
}

const stored = (path: string) => [verdict(path, "stored")];
const named = (...paths: string[]) => paths.map(fileNamed);

describe("the upload queue", () => {
  it("sends at most three files at once, and ends the batch once", async () => {
    const { door, log } = doorThat([], (path) => [verdict(path, "stored")]);
    const queue = new UploadQueue(door);
    await queue.add(
      "chest",
      Array.from({ length: 10 }, (_, n) => fileNamed(`${n}.dcm`)),
    );
    expect([log.sent.length, log.most, log.started, log.finished]).toEqual([10, 3, ["chest"], ["chest/1"]]);
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
    await queue.add("chest", named("a.dcm", "b.dcm", "c.dcm"));
    expect(queue.view.getState().tally).toMatchObject({ answered: 2, failed: 1 });
    await queue.sendAgain();
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

  it("sends each file to the project it was chosen for, whatever is chosen while it waits", async () => {
    const { door, log } = doorThat([], stored);
    const queue = new UploadQueue(door, 1);
    const first = queue.add("reading-room", named("p1", "p2", "p3"));
    const second = queue.add("chest", named("p4"));
    await Promise.all([first, second]);
    expect(log.byProject).toEqual({ "reading-room": ["p1", "p2", "p3"], chest: ["p4"] });
    expect(log.finished).toEqual(["reading-room/1", "chest/2"]);
  });

  it("stops what waits and what is on its way, and sends neither to another project later", async () => {
    const { door, log } = doorThat([], stored);
    const queue = new UploadQueue(door, 2);
    const first = queue.add("reading-room", named("p1", "p2", "p3", "p4", "p5"));
    await Promise.resolve();
    queue.stop();
    expect(queue.view.getState().tally).toMatchObject({ waiting: 0 });
    await first;
    expect(queue.view.getState().tally).toMatchObject({ stopped: 5, failed: 0, answered: 0 });
    await queue.add("chest", named("p6"));
    expect(log.byProject).toEqual({ chest: ["p6"] });
    await queue.sendAgain();
    expect(log.byProject).toEqual({ chest: ["p6"], "reading-room": ["p1", "p2", "p3", "p4", "p5"] });
  });

  it("sends what is added right after Stop, while the stopped batch still ends", async () => {
    const { door, log } = doorThat([], stored);
    const queue = new UploadQueue(door);
    const first = queue.add("chest", named("p1", "p2"));
    await Promise.resolve();
    queue.stop();
    const second = queue.add("chest", named("p3"));
    await Promise.all([first, second]);
    expect(log.byProject).toEqual({ chest: ["p3"] });
    expect(queue.view.getState().running).toBe(false);
  });

  it("sends what is added while a batch is being finished", async () => {
    const { door, log } = doorThat([], stored);
    let late: Promise<void> | null = null;
    const queue: UploadQueue = new UploadQueue({
      ...door,
      finish: async (id) => {
        late ??= queue.add("chest", named("late.dcm"));
        await door.finish(id);
      },
    });
    await queue.add("chest", named("early.dcm"));
    await late;
    expect(log.byProject).toEqual({ chest: ["early.dcm", "late.dcm"] });
    expect(queue.view.getState()).toMatchObject({ running: false, tally: { waiting: 0, answered: 2 } });
  });

  it("is empty for the next person, and sends nothing of the last one's", async () => {
    const { door, log } = doorThat(["p1"], stored);
    const queue = new UploadQueue(door);
    queue.belongTo("ann");
    await queue.add("chest", named("p1"));
    queue.belongTo("ann");
    expect(queue.view.getState().tally.failed).toBe(1);
    queue.belongTo("rev");
    expect(queue.view.getState().items).toEqual([]);
    await queue.sendAgain();
    expect(log.sent).toEqual([]);
  });

  it("forgets a running upload when its person signs out", async () => {
    const { door, log } = doorThat([], stored);
    const queue = new UploadQueue(door, 1);
    const running = queue.add("chest", named("p1", "p2", "p3"));
    await Promise.resolve();
    queue.forget();
    await running;
    expect(log.sent).toEqual([]);
    expect(queue.view.getState().tally.files).toBe(0);
  });

  it("sends nothing more once every file has its answer, though its batch has yet to be ended", async () => {
    const { door } = doorThat([], stored);
    let answer = () => {};
    const ending = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let asked = () => {};
    const askedToEnd = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const queue = new UploadQueue({
      ...door,
      finish: async (id) => {
        asked();
        await ending;
        await door.finish(id);
      },
    });
    const running = queue.add("chest", named("p1"));
    expect(queue.isSending).toBe(true);
    await askedToEnd;
    expect([queue.isSending, queue.view.getState().running]).toEqual([false, true]);
    let over = false;
    const ended = queue.ended().then(() => {
      over = true;
    });
    await Promise.resolve();
    expect(over).toBe(false);
    answer();
    await Promise.all([running, ended]);
    await queue.ended();
    expect(queue.view.getState().running).toBe(false);
  });

  it("lets another project's files go on when one project cannot be sent to", async () => {
    const { door, log } = doorThat([], stored);
    const queue = new UploadQueue({
      ...door,
      start: async (project) => {
        if (project === "closed") {
          throw new ApiError({ status: 403, code: "not_permitted", message: "Not yours." });
        }
        return door.start(project);
      },
    });
    const first = queue.add("closed", named("p1"));
    await Promise.all([first, queue.add("chest", named("p2"))]);
    expect(log.byProject).toEqual({ chest: ["p2"] });
    expect(queue.view.getState().items.map((item) => item.state)).toEqual(["failed", "answered"]);
  });

  it("leaves out what operating systems scatter into folders", () => {
    expect([isClutter("a/.DS_Store"), isClutter("__MACOSX/a.dcm"), isClutter("a/IM000001")]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
