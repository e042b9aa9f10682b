import { Textarea } from "@mantine/core";

/** Why something is done that is written down for good. */
export function ReasonField({
  value,
  onChange,
  label = "Reason",
  description = "Kept with your name in the history and the audit trail.",
  maxLength = 2000,
  testId = "reason",
  focused,
}: {
  value: string;
  onChange: (reason: string) => void;
  label?: string;
  description?: string;
  maxLength?: number;
  testId?: string;
  /** It is what a dialog begins with. */
  focused?: boolean;
}) {
  return (
    <Textarea
      label={label}
      description={description}
      required
      autosize
      minRows={2}
      maxLength={maxLength}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data-autofocus={focused || undefined}
      data-testid={testId}
    />
  );
}
