// From what Prometheus answers to what Grafana's components take: a frame for each series, as Grafana's own data source makes them.
import { createDataFrame, FieldType, getDisplayProcessor } from '@grafana/data';

/** `{{label}}` of a legend, filled in as the data source does. */
function named(legend, labels) {
  return legend.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '');
}

/** Seconds and text of Prometheus as milliseconds and a number. */
function sample([at, text]) {
  return [at * 1000, text === 'NaN' ? null : Number(text)];
}

function frame(target, series, defaults) {
  const samples = (series.values ?? [series.value]).map(sample);
  const config = {
    ...defaults,
    custom: { ...defaults.custom },
    displayNameFromDS: named(target.legendFormat, series.metric),
  };
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: samples.map(([at]) => at) },
      { name: 'Value', type: FieldType.number, labels: series.metric, config, values: samples.map(([, value]) => value) },
    ],
  });
}

/**
 * All series of a panel. `answers`: what Prometheus answered to each of its targets, by refId. Colours, units and thresholds are
 * those of the panel; overrides by series are none of ours, and would be passed over.
 */
export function frames(panel, answers, theme) {
  const { defaults, overrides } = panel.fieldConfig;
  if (overrides.length > 0) {
    throw new Error(`${panel.title}: overrides are not drawn`);
  }
  const all = panel.targets.flatMap((target) => answers[target.refId].result.map((series) => frame(target, series, defaults)));
  const values = all.flatMap((it) => it.fields[1].values).filter((value) => value !== null);
  const range = { min: defaults.min ?? Math.min(...values), max: defaults.max ?? Math.max(...values) };
  all.forEach((it, seriesIndex) => {
    const [time, value] = it.fields;
    time.display = getDisplayProcessor({ field: time, theme, timeZone: 'utc' });
    value.state = { seriesIndex, range: { ...range, delta: range.max - range.min } };
    value.display = getDisplayProcessor({ field: value, theme, timeZone: 'utc' });
  });
  return all;
}
