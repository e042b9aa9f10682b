import { describe, expect, it } from "vitest";
import { ApiError } from "../api/errors";
import { sendChanged } from "./use-changed-fields";

interface Held {
  version: number;
  reveal: string;
  description: string;
}

const valuesOf = ({ reveal, description }: Held) => ({ reveal, description });

/** A server that takes a change on its own version only. */
function house(now: Held) {
  const sent: number[] = [];
  return {
    sent,
    save: async (version: number) => {
      sent.push(version);
      if (version !== now.version) {
        throw new ApiError({ status: 412, code: "outdated", message: "Changed meanwhile." });
      }
    },
    fetch: async () => now,
  };
}

const shown: Held = { version: 1, reveal: "after_own_answer", description: "Chest" };

describe("a form that was open while somebody else saved", () => {
  it("saves its own field on top of theirs when they are different fields", async () => {
    const server = house({ ...shown, version: 2, reveal: "never" });
    await sendChanged({ description: "Chest films" }, shown, server.save, server.fetch, valuesOf);
    expect(server.sent).toEqual([1, 2]);
  });

  it("saves nothing when they changed the same field", async () => {
    const server = house({ ...shown, version: 2, reveal: "never" });
    const sending = sendChanged({ reveal: "always" }, shown, server.save, server.fetch, valuesOf);
    await expect(sending).rejects.toThrow("Changed meanwhile.");
    expect(server.sent).toEqual([1]);
  });
});
