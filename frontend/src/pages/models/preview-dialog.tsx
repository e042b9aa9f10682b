import { Alert, Button, Code, Group, Loader, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { asApiError } from "../../api/errors";
import { askPreview, previewQuery } from "../../api/models";
import { projectQuery } from "../../api/projects";
import type { FamilyOut, PreviewOut, PreviewTileOut, TrainingConfig } from "../../api/types";
import { useLabelNames } from "../../state/label-names";
import { rejectedPlace, tilePixels } from "../../state/preview-pixels";
import { ErrorLines } from "../../ui/error-lines";
import { formatCount, formatPercent } from "../../ui/format";
import { notifyError } from "../../ui/notify";
import classes from "./preview-dialog.module.css";

const rejectedColor = "#f0f0f0";

/** What the network sees of some training cases with the settings chosen: prepared, and as random changes make them. */
export function PreviewDialog({
  family,
  snapshotId,
  config,
  onClose,
}: {
  family: FamilyOut;
  snapshotId: string;
  config: TrainingConfig;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const query = previewQuery(family.id, snapshotId, config);
  const preview = useQuery(query);
  const again = useMutation({
    mutationFn: () => askPreview(family.id, snapshotId, config, true),
    onSuccess: (found) => queries.setQueryData(query.queryKey, found),
    onError: (error) => notifyError(error, "Could not show the cases"),
  });
  return (
    <Modal opened onClose={onClose} title="What the network sees" size="min(96vw, 1180px)" yOffset="3vh">
      {preview.isError ? (
        <Alert color="yellow" title="Nothing to show" data-testid="preview-failed">
          <ErrorLines error={asApiError(preview.error)} />
        </Alert>
      ) : preview.data?.state === "succeeded" ? (
        <Pictures of={preview.data} project={family.project} />
      ) : preview.data?.state === "failed" || preview.data?.state === "cancelled" ? (
        <Alert color="yellow" title="Nothing to show" data-testid="preview-failed">
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{preview.data.error?.message ?? "Preparing the cases was cancelled."}</Text>
            <Button
              size="compact-sm"
              variant="default"
              loading={again.isPending}
              onClick={() => again.mutate()}
            >
              Try again
            </Button>
          </Stack>
        </Alert>
      ) : (
        <Group gap="xs" role="status" aria-live="polite" data-testid="preview-waiting">
          <Loader size="xs" />
          <Text size="sm">
            Preparing training cases{preview.data?.share ? `: ${formatPercent(preview.data.share, 0)}` : ""}…
          </Text>
        </Group>
      )}
    </Modal>
  );
}

function Pictures({ of, project }: { of: PreviewOut; project: string }) {
  const nameOf = useLabelNames(project);
  const labels = useQuery(projectQuery(project)).data?.labels ?? [];
  const colors = of.labels.map((key) => labels.find((label) => label.key === key)?.color ?? "#ff8800");
  const rejected = of.pictures.some((one) => [one.prepared, ...one.draws].some(holdsRejected));
  return (
    <Stack gap="sm" data-testid="preview-done">
      <Text size="sm">
        {formatCount(of.pictures.length)} of {formatCount(of.cases)} training cases. Left as they are
        prepared; then with random changes. The first changed ones are those of the training’s first batch,
        value by value.
      </Text>
      <Group gap="md">
        {of.labels.map((key, index) => (
          <Legend key={key} color={colors[index] ?? ""} word={nameOf(key)} />
        ))}
        {rejected ? <Legend color={rejectedColor} word="Rejected by a reviewer" /> : null}
      </Group>
      <div className={classes.row}>
        {["Prepared", "First batch", "Another draw", "Another draw"].map((word, column) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
          <Text key={column} size="sm" fw={600}>
            {word}
          </Text>
        ))}
      </div>
      {of.pictures.map((one, row) => (
        <div key={one.sample_id} className={classes.row} data-testid="preview-picture">
          {[one.prepared, ...one.draws].map((tile, column) => (
            <Tile
              // biome-ignore lint/suspicious/noArrayIndexKey: tiles never move
              key={column}
              tile={tile}
              colors={colors}
              word={`Case ${row + 1}, ${column === 0 ? "prepared" : `changed, draw ${column}`}`}
            />
          ))}
        </div>
      ))}
      <Text size="xs" c="dimmed">
        Digest of the first batch ({formatCount(of.batch)} cases):{" "}
        <Code data-testid="preview-digest">{of.batch_digest}</Code>
      </Text>
    </Stack>
  );
}

const holdsRejected = (tile: PreviewTileOut) =>
  atob(tile.places).includes(String.fromCharCode(rejectedPlace));

function Legend({ color, word }: { color: string; word: string }) {
  return (
    <Group gap={6}>
      <svg className={classes.swatch} viewBox="0 0 10 10" aria-hidden="true">
        <rect x="1" y="1" width="8" height="8" fill="none" stroke={color} strokeWidth="2" />
      </svg>
      <Text size="sm">{word}</Text>
    </Group>
  );
}

function Tile({ tile, colors, word }: { tile: PreviewTileOut; colors: string[]; word: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = new ImageData(tile.columns, tile.rows);
    pixels.data.set(tilePixels(tile, colors, rejectedColor));
    canvas.current?.getContext("2d")?.putImageData(pixels, 0, 0);
  }, [tile, colors]);
  return (
    <Stack gap={2}>
      <canvas
        ref={canvas}
        className={classes.tile}
        width={tile.columns}
        height={tile.rows}
        role="img"
        aria-label={word}
      />
      <Text size="xs" c="dimmed">
        {tile.rows * tile.reduced} × {tile.columns * tile.reduced}
        {tile.slices > 1 ? `, slice ${tile.slice + 1} of ${tile.slices}` : ""}
      </Text>
    </Stack>
  );
}
