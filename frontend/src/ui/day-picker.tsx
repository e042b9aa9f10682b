import "@mantine/dates/styles.css";
import { DateInput } from "@mantine/dates";

/** A day, typed or picked; it looks as days look everywhere. `20260119` is understood as well. */
export default function DayPicker({
  label,
  day,
  earliest,
  latest,
  onDay,
  testId,
}: {
  label: string;
  day: string | undefined;
  earliest?: string;
  latest?: string;
  onDay: (day: string | undefined) => void;
  testId: string;
}) {
  return (
    <DateInput
      label={label}
      valueFormat="YYYY-MM-DD"
      placeholder="YYYY-MM-DD"
      clearable
      clearButtonProps={{ "aria-label": "Any date" }}
      value={day ?? null}
      minDate={earliest}
      maxDate={latest}
      onChange={(chosen) => onDay(chosen ?? undefined)}
      data-testid={testId}
    />
  );
}
