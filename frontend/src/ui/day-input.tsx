import { TextInput } from "@mantine/core";
import { type ComponentProps, lazy, Suspense } from "react";

const DayPicker = lazy(() => import("./day-picker"));

/** A day; the calendar comes after the page, which does not wait for it. */
export function DayInput(props: ComponentProps<typeof DayPicker>) {
  const { label, day } = props;
  return (
    <Suspense fallback={<TextInput label={label} value={day ?? ""} placeholder="YYYY-MM-DD" readOnly />}>
      <DayPicker {...props} />
    </Suspense>
  );
}
