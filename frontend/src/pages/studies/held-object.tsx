import { Badge, Group, Text } from "@mantine/core";
import { documentUrl, type HeldObject, objectFileUrl } from "../../api/archive";

/** One object of a study that is no picture: what it is, what it says, and what is not done with it here. */
export function HeldObjectView({ held }: { held: HeldObject }) {
  return (
    <section data-testid="held-object" data-kind={held.kind} aria-label={`${held.kind_words} ${held.title}`}>
      <Group gap="xs">
        <Badge variant="outline" color="gray">
          {held.kind_words}
        </Badge>
        <Text fw={600}>{held.title || "No title"}</Text>
        {held.is_document ? (
          <a
            href={documentUrl(held.sop_instance_uid)}
            target="_blank"
            rel="noopener noreferrer"
            data-testid="open-document"
          >
            {held.is_pdf ? "Open the PDF" : "Save the document"}
          </a>
        ) : (
          <a href={objectFileUrl(held.sop_instance_uid)} download data-testid="save-object">
            Save the file
          </a>
        )}
      </Group>
      {held.is_layer ? (
        <Text size="sm" c="dimmed">
          {held.of_series.length > 0
            ? `Made of ${held.of_series.length} series of this study.`
            : "The images it was made of are not in this study."}
        </Text>
      ) : null}
      {held.lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a report's lines never move
        <Text size="sm" key={index} pl={line.depth * 16}>
          {line.name ? (
            <Text span size="sm" c="dimmed">
              {line.name}
              {line.text ? ": " : ""}
            </Text>
          ) : null}
          {line.text}
        </Text>
      ))}
      {held.remark ? <Text size="sm">{held.remark}</Text> : null}
    </section>
  );
}
