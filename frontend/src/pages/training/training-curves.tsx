import { SimpleGrid } from "@mantine/core";
import { useMemo } from "react";
import { readCurves, type TrainingEpoch } from "../../state/training-progress";
import { formatWords } from "../../ui/format";
import { LinePlot } from "../../ui/line-plot";
import { Panel } from "../../ui/page";
import { Empty } from "../../ui/page-states";

const colors = ["--ov-curve-1", "--ov-curve-2", "--ov-curve-4", "--ov-curve-5", "--ov-curve-6"];

/** The losses on the training part and the metric on the validation part, an entry an epoch. */
export function TrainingCurves({ curves: raw, active }: { curves: TrainingEpoch[]; active: boolean }) {
  const curves = useMemo(() => readCurves(raw), [raw]);
  const losses = useMemo(
    () =>
      curves.losses.map((line, index) => ({
        name: formatWords(line.name),
        color: colors[index % colors.length] ?? "--ov-curve-1",
        values: line.values,
      })),
    [curves],
  );
  const metric = useMemo(
    () => [{ name: formatWords(curves.metricName), color: "--ov-curve-3", values: curves.metric }],
    [curves],
  );
  if (curves.epochs.length === 0) {
    return (
      <Panel title="Curves">
        {active ? (
          <Empty title="No epoch is finished yet">The curves grow by themselves, a point an epoch.</Empty>
        ) : (
          <Empty title="No epoch was finished">There is nothing to draw.</Empty>
        )}
      </Panel>
    );
  }
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm" data-testid="training-curves">
      <Panel title="Loss on the training part">
        <LinePlot x={curves.epochs} lines={losses} xLabel="Epoch" label="Loss by epoch" />
      </Panel>
      <Panel title={`${formatWords(curves.metricName)} on the validation part`}>
        <LinePlot x={curves.epochs} lines={metric} xLabel="Epoch" yRange={[0, 1]} label="Metric by epoch" />
      </Panel>
    </SimpleGrid>
  );
}
