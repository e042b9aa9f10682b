import { Code, Group, Stack, Text } from "@mantine/core";
import type { ApiError } from "../api/errors";
import { formatWords } from "./format";

/** The message (which says what to do), the stable code and the request id. */
export function ErrorLines({ error }: { error: ApiError }) {
  return (
    <Stack gap={4}>
      <Text size="sm">{error.message}</Text>
      {fieldLines(error).map((line) => (
        <Text key={line} size="sm">
          {line}
        </Text>
      ))}
      <Group gap={6}>
        <Code fz="xs" data-testid="error-code">
          {error.code}
        </Code>
        {error.requestId ? (
          <Text size="xs" c="dimmed">
            Request {error.requestId}
          </Text>
        ) : null}
      </Group>
    </Stack>
  );
}

/** What is wrong with each field, when the server says so. */
function fieldLines(error: ApiError): string[] {
  const { fields } = error.detail;
  if (typeof fields !== "object" || fields === null) {
    return [];
  }
  return Object.entries(fields).map(([name, said]) => {
    const text = Array.isArray(said)
      ? said.join(" ")
      : typeof said === "string"
        ? said
        : JSON.stringify(said);
    return `${formatWords(name)}: ${text}`;
  });
}
