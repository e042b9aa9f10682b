import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import type { ResourceOut, SettingValue, TrainingEstimateOut } from "../../api/types";
import { formatWords } from "../../ui/format";
import { ShareBar } from "../../ui/share-bar";

/** What the training needs of what there is, and what would fit where it does not. */
export function ResourceLines({
  estimate,
  onTake,
}: {
  estimate: TrainingEstimateOut;
  onTake: (changes: Record<string, SettingValue>) => void;
}) {
  return (
    <Stack gap="xs" data-testid="train-resources">
      <Group gap="xl">
        {estimate.resources.map((one) => (
          <Resource key={one.name} of={one} />
        ))}
      </Group>
      {estimate.fits ? null : (
        <Alert color="red" title="It does not fit here" data-testid="train-does-not-fit">
          <Stack gap="xs" align="flex-start">
            <Text size="sm">
              {estimate.fitting
                ? estimate.fitting.sentence
                : "No smaller settings fit either. Make room, or train on another machine."}
            </Text>
            {estimate.fitting ? (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => onTake(estimate.fitting?.changes ?? {})}
                data-testid="train-take-fitting"
              >
                Take these settings
              </Button>
            ) : null}
          </Stack>
        </Alert>
      )}
    </Stack>
  );
}

function Resource({ of }: { of: ResourceOut }) {
  const share = of.needed === null ? 0 : of.needed / of.available;
  return (
    <Stack gap={2} data-testid={`train-resource-${of.name}`} data-fits={of.fits}>
      <Text size="xs" c="dimmed">
        {of.name === "time" ? "Time, at least" : formatWords(of.name)}
      </Text>
      <Text size="sm" fw={of.fits ? undefined : 600} c={of.fits ? undefined : "red"}>
        {of.sentence}
      </Text>
      <ShareBar
        width={150}
        label={`${formatWords(of.name)}: ${of.sentence}`}
        parts={[
          {
            share,
            color: of.fits ? "var(--mantine-primary-color-filled)" : "var(--mantine-color-red-filled)",
          },
        ]}
      />
    </Stack>
  );
}
