import { Button, Checkbox, Group, Modal, NumberInput, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { actionPorts } from "../../actions/ports";
import {
  calibrate,
  calibrationOf,
  useCalibrations,
  withdrawCalibration,
} from "../../state/reading-calibrations";
import { findingRow } from "../../state/reading-findings";
import { setReadingUi, useReadingUi } from "../../state/reading-ui";
import { formatInstant } from "../../ui/format";

/** Say how long the selected line really is; from then on its image is measured by it. */
export function CalibrateDialog() {
  const opened = useReadingUi((state) => state.dialog === "calibrate");
  const selected = useReadingUi((state) => state.selected);
  useCalibrations();
  const [length, setLength] = useState<string | number>("");
  const [wholeSeries, setWholeSeries] = useState(false);
  const [busy, setBusy] = useState(false);
  const geometry = findingRow(selected)?.content.geometry;
  const held = geometry ? calibrationOf(geometry.sop_instance_uid) : undefined;
  const close = () => setReadingUi({ dialog: null });
  const during = (work: Promise<void>) => {
    setBusy(true);
    work
      .then(close)
      .catch((thrown: unknown) => actionPorts().reportProblem(thrown))
      .finally(() => setBusy(false));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (geometry && typeof length === "number") {
      during(
        calibrate({
          sop_instance_uid: geometry.sop_instance_uid,
          frame_number: geometry.frame_number,
          points: geometry.points,
          length_mm: length,
          whole_series: wholeSeries,
        }),
      );
    }
  };
  return (
    <Modal opened={opened && Boolean(geometry)} onClose={close} title="Calibrate by this line">
      <form onSubmit={submit}>
        <Stack gap="sm">
          {held ? (
            <Group justify="space-between" data-testid="calibration-held">
              <Text size="sm">
                Calibrated by {held.author.display_name}, {formatInstant(held.created_at)}: {held.length_mm}{" "}
                mm
                {held.whole_series ? ", every image of the series" : ", this image"}
              </Text>
              <Button
                size="xs"
                variant="default"
                disabled={busy}
                data-testid="calibration-withdraw"
                onClick={() => during(withdrawCalibration(held.id))}
              >
                Withdraw
              </Button>
            </Group>
          ) : null}
          <NumberInput
            label="Its length in the patient"
            description="Every length and area on the image is measured by it, and says so. Kept with your name."
            suffix=" mm"
            required
            min={0.01}
            max={5000}
            decimalScale={3}
            hideControls
            value={length}
            onChange={setLength}
            data-autofocus
            data-testid="calibration-length"
          />
          <Checkbox
            label="For every image of this size in the series"
            checked={wholeSeries}
            onChange={(event) => setWholeSeries(event.currentTarget.checked)}
            data-testid="calibration-series"
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={busy}
              disabled={typeof length !== "number" || length <= 0}
              data-testid="calibration-save"
            >
              Calibrate
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
