import { ApiError, errorFromSilence } from "../api/errors";
import type { RevisionContent } from "../geometry/content";
import type { SavePort } from "./reading-autosave";
import type { FindingOut, RevisionOut } from "./reading-types";

/** For tests: a server small enough to read: revisions in memory, If-Match and client keys as the real one. */
export class SmallServer implements SavePort {
  readonly findings = new Map<string, FindingOut>();
  readonly byClientKey = new Map<string, FindingOut | RevisionOut>();
  calls: string[] = [];
  down = false;
  /** Do what is asked, and let the answer get lost. */
  mute = false;
  private made = 0;

  private revision(content: RevisionContent, cause: string, number: number): RevisionOut {
    this.made += 1;
    return {
      id: `r${this.made}`,
      number,
      parent: null,
      author: null,
      created_at: "2026-01-01T00:00:00Z",
      digest: `d${this.made}`,
      cause,
      label_key: content.label_key,
      content: structuredClone(content),
      difference: {},
      ai_visible: false,
    };
  }

  private knock(call: string): void {
    if (this.down) {
      throw errorFromSilence();
    }
    this.calls.push(call);
  }

  private match(id: string, digest: string): FindingOut {
    const finding = this.findings.get(id);
    if (!finding) {
      throw new ApiError({ status: 404, code: "gone", message: "gone" });
    }
    if (finding.head.digest !== digest) {
      throw new ApiError({
        status: 412,
        code: "changed",
        message: "changed",
        detail: { head: finding.head },
      });
    }
    return finding;
  }

  async create(content: RevisionContent, clientKey: string): Promise<FindingOut> {
    this.knock("create");
    const known = this.byClientKey.get(clientKey);
    if (known && "head" in known) {
      return this.answer(known);
    }
    const said = [...this.findings.values()].find(
      (one) => one.kind === "image_label" && !one.deleted && one.head.content.label_key === content.label_key,
    );
    if (content.kind === "image_label" && said) {
      if (said.head.content.present === content.present) {
        return this.answer(said);
      }
      const detail = { head: said.head, finding_id: said.id };
      throw new ApiError({ status: 412, code: "revision_outdated", message: "changed", detail });
    }
    const out: FindingOut = {
      id: `f${this.findings.size + 1}`,
      kind: content.kind,
      author: null,
      algorithm_type: "MANUAL",
      algorithm_name: "",
      algorithm_version: "",
      probability: null,
      threshold: null,
      deleted: false,
      head: this.revision(content, "edit", 1),
      reviews: [],
      prediction_id: null,
      proposed_by: null,
      superseded_at: null,
      may: { edit: true, delete: true, restore: true, review: false },
      decision: null,
      rejections: [],
      must_be_decided: false,
      changes_the_reading: false,
      abandoned: false,
    };
    this.findings.set(out.id, out);
    this.byClientKey.set(clientKey, out);
    return this.answer(out);
  }

  private answer<Out>(out: Out): Out {
    if (this.mute) {
      throw errorFromSilence();
    }
    return structuredClone(out);
  }

  async revise(
    id: string,
    content: RevisionContent,
    clientKey: string,
    cause: "edit" | "merge",
    digest: string,
  ) {
    this.knock(cause);
    const known = this.byClientKey.get(clientKey);
    if (known && !("head" in known)) {
      return this.answer(known);
    }
    const finding = this.match(id, digest);
    finding.head = this.revision(content, cause, finding.head.number + 1);
    this.byClientKey.set(clientKey, finding.head);
    return this.answer(finding.head);
  }

  async remove(id: string, digest: string) {
    this.knock("delete");
    const finding = this.match(id, digest);
    finding.deleted = true;
    finding.head = this.revision(finding.head.content, "delete", finding.head.number + 1);
    return this.answer(finding.head);
  }

  async restore(id: string, _revision: string, digest: string) {
    this.knock("restore");
    const finding = this.match(id, digest);
    finding.deleted = false;
    finding.head = this.revision(finding.head.content, "restore", finding.head.number + 1);
    return this.answer(finding.head);
  }
}
