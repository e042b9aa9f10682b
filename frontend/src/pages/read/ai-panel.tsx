import { Alert, Button, Group, Select, Slider, Switch, Text, Tooltip } from "@mantine/core";
import { performById } from "../../actions/action-table";
import { toggleSaliency } from "../../actions/ai-actions";
import type { Schemas } from "../../api/types";
import { type ColormapName, colormapNames, gradientOf } from "../../geometry/colormaps";
import { chanceWords } from "../../state/chance";
import { useClaims } from "../../state/reading-chance";
import { useFindings } from "../../state/reading-findings";
import {
  mapsOffered,
  mapsOfTarget,
  saliencyTarget,
  showSaliency,
  useSaliency,
} from "../../state/reading-saliency";
import { useReading } from "../../state/reading-session";
import { setReadingUi, setSaliency, useReadingUi } from "../../state/reading-ui";
import { useMay } from "../../state/session";
import { formatInstant, formatMany } from "../../ui/format";
import { labelMeaning } from "../../viewer/findings-on-frame";
import { withheldWords } from "./map-words";
import panelClasses from "./panel.module.css";
import { shareWords } from "./saliency-legend";
import viewportClasses from "./viewport.module.css";

/** How many kinds of map the target's version does not offer of its label. */
function withheldCount(target: ReturnType<typeof saliencyTarget>): number {
  return (target?.prediction.explanations_withheld ?? []).filter((one) => one.label_key === target?.labelKey)
    .length;
}

function SaliencyControls() {
  const saliency = useReadingUi((state) => state.saliency);
  useReadingUi((state) => state.selected);
  useFindings((state) => state.rows);
  const { status, message } = useSaliency();
  const target = saliencyTarget();
  const offered = mapsOffered();
  const chosen = offered.find((offer) => offer.method === saliency.method) ?? offered[0];
  const { sentence } = mapsOfTarget(target);
  const withheld = withheldWords(target?.prediction, target?.labelKey);
  return (
    <section aria-label="Saliency map">
      <div className={panelClasses.heading}>
        Saliency map <span className={panelClasses.key}>S</span>
      </div>
      <Switch
        label={saliency.on ? "Shown on the image" : "Off"}
        checked={saliency.on}
        disabled={!target || offered.length === 0}
        data-testid="saliency-toggle"
        onChange={toggleSaliency}
      />
      {target ? (
        <Text size="xs" c="dimmed" mt={4}>
          Explains: {labelMeaning(target.labelKey)} by {target.prediction.version.family_slug} v
          {target.prediction.version.number}
        </Text>
      ) : (
        <Text size="xs" c="dimmed" mt={4}>
          There is no model finding to explain.
        </Text>
      )}
      {status === "failed" ? (
        <Alert color="red" p="xs" mt="xs" data-testid="saliency-problem">
          {message}
        </Alert>
      ) : null}
      {status === "computing" ? (
        <Text size="xs" mt="xs" role="status">
          Computing…
        </Text>
      ) : null}
      {offered.length > 0 ? (
        <Select
          mt="xs"
          label="Method"
          description={chosen?.description}
          data-testid="saliency-method"
          data={offered.map((offer) => ({
            value: offer.method,
            label: `${offer.label}${offer.cost ? ` (${offer.cost})` : ""}`,
          }))}
          value={chosen?.method ?? null}
          onChange={(method) => {
            if (method) {
              void showSaliency(method);
            }
          }}
        />
      ) : null}
      {chosen?.grade ? (
        <Text size="xs" mt={4} data-testid="map-grade">
          {chosen.grade}
        </Text>
      ) : null}
      {sentence ? (
        <Text size="xs" c="dimmed" mt={4} data-testid="maps-sentence">
          {sentence}
        </Text>
      ) : null}
      {withheld.length > 0 ? (
        <details className={panelClasses.small} data-testid="maps-withheld">
          <summary>{formatMany(withheldCount(target), "map is", "maps are")} not offered: why</summary>
          {withheld.map((one) => (
            <Text key={one} size="xs" c="dimmed" mt={4} data-testid="map-withheld">
              {one}
            </Text>
          ))}
        </details>
      ) : null}
      <Text size="xs" mt="sm" id="saliency-opacity">
        Opacity {Math.round(saliency.opacity * 100)} %
      </Text>
      <Slider
        size="sm"
        min={0.05}
        max={1}
        step={0.05}
        label={null}
        aria-labelledby="saliency-opacity"
        thumbLabel="Opacity"
        data-testid="saliency-opacity"
        value={saliency.opacity}
        onChange={(opacity) => setSaliency({ opacity })}
      />
      <Text size="xs" mt="sm" id="saliency-threshold">
        Show from {shareWords(saliency.threshold, chosen?.scale)}
      </Text>
      <Slider
        size="sm"
        min={0}
        max={0.95}
        step={0.05}
        label={null}
        aria-labelledby="saliency-threshold"
        thumbLabel="Threshold"
        data-testid="saliency-threshold"
        value={saliency.threshold}
        onChange={(threshold) => setSaliency({ threshold })}
      />
      <Select
        mt="sm"
        label="Colours"
        data-testid="saliency-colormap"
        data={colormapNames.map((name) => ({ value: name, label: name }))}
        value={saliency.colormap}
        onChange={(colormap) => setSaliency({ colormap: colormap as ColormapName })}
      />
      <div className={viewportClasses.legendBar} style={{ background: gradientOf(saliency.colormap) }} />
    </section>
  );
}

/** What became of asking each model about each series: the server's sentences, with the time. */
function AnswerLines() {
  const workitem = useReading((state) => state.workitem);
  const answers = workitem?.ai_answers ?? [];
  const several = new Set(answers.map((one) => one.series_instance_uid)).size > 1;
  const nameOf = (uid: string) => {
    const series = workitem?.series.find((one) => one.series_instance_uid === uid);
    return series
      ? `${series.modality} ${series.series_number ?? ""} ${series.series_description}`.trim()
      : "";
  };
  if (answers.length === 0) {
    return <div className={panelClasses.none}>{workitem?.ai.sentence}</div>;
  }
  return (
    <ul className={panelClasses.answers}>
      {answers.map((one) => (
        <li
          key={`${one.version.id} ${one.series_instance_uid}`}
          data-testid="model-answer"
          data-state={one.state}
        >
          {one.sentence}
          <span className={panelClasses.small}>
            {[several ? nameOf(one.series_instance_uid) : "", whenOf(one)].filter(Boolean).join(" · ")}
          </span>
        </li>
      ))}
    </ul>
  );
}

function whenOf(one: Schemas["AnswerOut"]): string {
  if (one.finished_at && (one.state === "found" || one.state === "nothing_found")) {
    return formatInstant(one.finished_at);
  }
  return one.asked_at && one.state !== "outside" ? `asked ${formatInstant(one.asked_at)}` : "";
}

/** What the model says of this study, and why it says so. */
export function AiPanel() {
  const predictions = useReading((state) => state.predictions);
  const workitem = useReading((state) => state.workitem);
  const modelHidden = useReadingUi((state) => state.modelHidden);
  const mayAsk = useMay("prediction.request", workitem?.project);
  const shown = predictions.filter((one) => one.state === "finished" && !one.superseded);
  return (
    <>
      <div className={panelClasses.heading}>Predictions</div>
      <AnswerLines />
      {shown.map((prediction) => (
        <section key={prediction.id} className={panelClasses.detail} data-testid="prediction">
          <Group justify="space-between" gap={4}>
            <strong>
              {prediction.version.family_slug} v{prediction.version.number}
            </strong>
            <span className={panelClasses.small}>
              {prediction.version.state === "live" ? "" : `${prediction.version.state}, `}
              {prediction.finished_at ? formatInstant(prediction.finished_at) : ""}
            </span>
          </Group>
          <dl className={panelClasses.facts}>
            {Object.entries(prediction.output.labels ?? {}).map(([key, label]) => (
              <div key={key} style={{ display: "contents" }}>
                <dt>{labelMeaning(key)}</dt>
                <Chance
                  versionId={prediction.version.id}
                  labelKey={key}
                  probability={label.probability}
                  reached={label.probability >= label.threshold}
                />
              </div>
            ))}
          </dl>
        </section>
      ))}
      <Group gap={6} mt="xs">
        {mayAsk ? (
          <Button variant="default" data-testid="ask-prediction" onClick={() => performById("ai.predict")}>
            Ask for a prediction
          </Button>
        ) : null}
        <Switch
          label="Model findings on the image"
          checked={!modelHidden}
          onChange={(event) => setReadingUi({ modelHidden: !event.currentTarget.checked })}
        />
      </Group>
      <SaliencyControls />
    </>
  );
}

/** What the model says of a label, and what its report measured on such answers. */
function Chance({
  versionId,
  labelKey,
  probability,
  reached,
}: {
  versionId: string;
  labelKey: string;
  probability: number;
  reached: boolean;
}) {
  const { text, sentence } = chanceWords(useClaims()[versionId], labelKey, probability);
  return (
    <Tooltip label={sentence} multiline maw={260}>
      <dd style={reached ? { color: "var(--ov-ai)", fontWeight: 600 } : undefined}>{text}</dd>
    </Tooltip>
  );
}
