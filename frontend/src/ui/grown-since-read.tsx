import { Badge, Tooltip } from "@mantine/core";
import { formatMany } from "./format";

/** That images came after a case was read, and what follows; how many, where it is known. */
export function sinceRead(images?: number): string {
  const arrived = images === undefined ? "Images have" : formatMany(images, "image has", "images have");
  const them = images === 1 ? "it" : "them";
  return `${arrived} arrived since this case was read. Nobody has answered about ${them}, and no model learns from ${them}.`;
}

/** The mark of a case that has grown since it was read; `short` where there is little room. */
export function GrownMark({ images, short }: { images?: number; short?: boolean }) {
  return (
    <Tooltip label={sinceRead(images)} multiline maw={280}>
      <Badge
        variant="outline"
        color="yellow"
        size="sm"
        radius="sm"
        tt="none"
        ml={6}
        flex="none"
        data-testid="grown-since-read"
      >
        {short ? "Grown" : "Grown since read"}
      </Badge>
    </Tooltip>
  );
}
