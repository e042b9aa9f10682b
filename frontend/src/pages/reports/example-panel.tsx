import { Badge, SegmentedControl, Switch, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { examplesQuery } from "../../api/models";
import type { ReportExampleOut } from "../../api/types";
import { boxAround, lineOf, wholeOf } from "../../state/example-view";
import { sizeWords } from "../../state/report-figures";
import { formatFigure, formatMany } from "../../ui/format";
import { TextLink } from "../../ui/links";
import { Panel } from "../../ui/page";
import { Failed, Loading } from "../../ui/page-states";
import classes from "./examples.module.css";

const shownAs: Record<ReportExampleOut["shown_as"], { word: string; color: string }> = {
  worst: { word: "Worst", color: "red" },
  median: { word: "Middle", color: "gray" },
  best: { word: "Best", color: "green" },
  healthy: { word: "Healthy, painted", color: "red" },
};

const isOfBoxes = (example: ReportExampleOut) => example.marked !== null;

function wordOf(example: ReportExampleOut): string {
  return isOfBoxes(example) && example.shown_as === "healthy"
    ? "Healthy, boxed"
    : shownAs[example.shown_as].word;
}

type View = "near" | "whole";

/** Test cases with the outline that was drawn and the model's, exactly as they were judged. */
export function ExamplePanel({ reportId, nameOf }: { reportId: string; nameOf: (key: string) => string }) {
  const [view, setView] = useState<View>("near");
  const [outlined, setOutlined] = useState(true);
  const examples = useQuery(examplesQuery(reportId));
  const boxes = examples.data?.some(isOfBoxes) ?? false;
  const several = new Set(examples.data?.map((one) => one.label_key)).size > 1;
  return (
    <Panel
      title="Worst, middle and best"
      testId="example-panel"
      actions={
        <>
          <Switch
            size="xs"
            label={boxes ? "Boxes" : "Outlines"}
            checked={outlined}
            onChange={(event) => setOutlined(event.currentTarget.checked)}
          />
          <SegmentedControl
            size="xs"
            aria-label="How much of each image is shown"
            value={view}
            onChange={(value) => setView(value as View)}
            data={[
              { value: "near", label: "Close up" },
              { value: "whole", label: "Whole image" },
            ]}
          />
        </>
      }
    >
      <div className={classes.legend} aria-hidden>
        <span className={classes.truthKey} /> drawn by people
        <span className={classes.modelKey} /> {boxes ? "found by the model" : "painted by the model"}
      </div>
      {examples.isPending ? <Loading what="the examples" /> : null}
      {examples.isError ? (
        <Failed error={examples.error} what="the examples" onRetry={() => void examples.refetch()} />
      ) : null}
      <div className={classes.gallery} data-outlined={outlined}>
        {examples.data?.map((example, place) => (
          <ExampleTile
            // biome-ignore lint/suspicious/noArrayIndexKey: a kept report has its examples in one order for ever
            key={place}
            example={example}
            view={view}
            label={several ? nameOf(example.label_key) : ""}
          />
        ))}
      </div>
    </Panel>
  );
}

function ExampleTile({ example, view, label }: { example: ReportExampleOut; view: View; label: string }) {
  const { color } = shownAs[example.shown_as];
  return (
    <figure className={classes.tile} data-testid={`example-${example.shown_as}`}>
      {example.picture ? (
        <ExamplePicture example={example} picture={example.picture} view={view} />
      ) : (
        <div className={classes.nothing}>{example.why}</div>
      )}
      <figcaption className={classes.caption}>
        <span className={classes.head}>
          <Badge color={color}>{wordOf(example)}</Badge>
          {label}
          <Text span fw={600} size="sm">
            {headOf(example)}
          </Text>
        </span>
        <Text size="xs" c="dimmed">
          {sizesOf(example)}
          {example.picture && example.picture.slices > 1
            ? ` · slice ${example.picture.slice} of ${example.picture.slices}${isOfBoxes(example) ? "" : ", where they differ most"}`
            : ""}
        </Text>
        {example.workitem_id ? (
          <TextLink to="/read/$workitemId" params={{ workitemId: example.workitem_id }} size="xs">
            Open the case
          </TextLink>
        ) : null}
      </figcaption>
    </figure>
  );
}

function headOf(example: ReportExampleOut): string {
  if (example.shown_as === "healthy") {
    return "nothing to find";
  }
  if (example.marked !== null) {
    return `${example.found} of ${example.marked} found`;
  }
  return example.missed ? "missed, Dice 0" : `Dice ${formatFigure(example.dice)}`;
}

function sizesOf(example: ReportExampleOut): string {
  if (example.beside !== null) {
    return formatMany(example.beside, "false box", "false boxes");
  }
  const unit = sizeWords[example.extent_unit] ?? example.extent_unit;
  const digits = unit === "ml" || unit === "mm²" ? 1 : 0;
  const [drawn, painted] = [example.volume_true, example.volume_predicted].map((size) =>
    formatFigure(size, digits),
  );
  return `drawn ${drawn}, painted ${painted} ${unit}`;
}

/** The server's picture of the image with both outlines on its pixels. */
function ExamplePicture({
  example,
  picture,
  view,
}: {
  example: ReportExampleOut;
  picture: NonNullable<ReportExampleOut["picture"]>;
  view: View;
}) {
  const whole = wholeOf(picture);
  const box = view === "near" ? boxAround([...example.truth, ...example.model], picture) : whole;
  const address =
    `/dicomweb/studies/${picture.study_instance_uid}/series/${picture.series_instance_uid}` +
    `/instances/${picture.sop_instance_uid}/frames/${picture.frame_number}/rendered?viewport=1024,1024`;
  const says =
    `${wordOf(example)}: ${headOf(example)}; ${sizesOf(example)}. ` +
    `Solid line: drawn by people. Dashed line: ${isOfBoxes(example) ? "found" : "painted"} by the model.`;
  return (
    <svg
      className={classes.picture}
      viewBox={`${box.left} ${box.top * picture.pixel_aspect} ${box.width} ${box.height * picture.pixel_aspect}`}
      role="img"
      aria-label={says}
    >
      <g transform={`scale(1 ${picture.pixel_aspect})`}>
        <image
          href={address}
          x={whole.left}
          y={whole.top}
          width={whole.width}
          height={whole.height}
          preserveAspectRatio="none"
        />
        {(["truth", "model"] as const).map((whose) => (
          <g key={whose}>
            <path d={lineOf(example[whose])} className={classes.halo} />
            <path d={lineOf(example[whose])} className={classes[whose]} data-testid={`outline-${whose}`} />
          </g>
        ))}
      </g>
    </svg>
  );
}
