import { IconTag } from "@tabler/icons-react";
import type { Kind } from "../kind";

declare module "../../geometry/content" {
  interface KindHolds {
    image_label: "nothing";
  }
}

/** An answer about a label, of the whole study or of one image. */
export const kind: Kind = { name: "image_label", word: "Image label", icon: IconTag, use: "image" };
