// What is within each panel: Grafana's components, with the options that the dashboard gives them.
import { FieldType, getDisplayValueAlignmentFactors, getFieldDisplayValues, VizOrientation } from '@grafana/data';
import { BarGauge, BigValue, BigValueTextMode, TimeSeries, useTheme2, VizRepeater } from '@grafana/ui';

/** Lines over time, with their legend. */
function Lines({ panel, frames, range, width, height }) {
  return (
    <TimeSeries
      frames={frames}
      timeRange={range}
      timeZone="utc"
      width={width}
      height={height}
      legend={panel.options.legend}
      structureRev={1}
    />
  );
}

/** What each series comes to, as the panel reduces it. */
function useReduced(panel, frames) {
  const theme = useTheme2();
  return getFieldDisplayValues({
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: (text) => text,
    theme,
    data: frames,
    timeZone: 'utc',
  });
}

/** One number. */
function Number({ panel, frames, width, height }) {
  const theme = useTheme2();
  const [value] = useReduced(panel, frames);
  const { colorMode, graphMode } = panel.options;
  return (
    <BigValue
      value={value.display}
      width={width}
      height={height}
      theme={theme}
      colorMode={colorMode}
      graphMode={graphMode}
      textMode={BigValueTextMode.Value}
    />
  );
}

/** A bar for each series. */
function Bars({ panel, frames, width, height }) {
  const theme = useTheme2();
  const values = useReduced(panel, frames);
  const { displayMode, showUnfilled, namePlacement, minVizHeight, maxVizHeight, text } = panel.options;
  return (
    <VizRepeater
      source={values}
      getValues={() => values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      orientation={VizOrientation.Horizontal}
      width={width}
      height={height}
      itemSpacing={8}
      minVizHeight={minVizHeight}
      maxVizHeight={maxVizHeight}
      renderValue={({ value, alignmentFactors, orientation, width, height }) => (
        <BarGauge
          value={value.display}
          display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          field={value.field}
          alignmentFactors={alignmentFactors}
          orientation={orientation}
          width={width}
          height={height}
          theme={theme}
          displayMode={displayMode}
          showUnfilled={showUnfilled}
          namePlacement={namePlacement}
          text={text}
          itemSpacing={8}
          lcdCellWidth={8}
        />
      )}
    />
  );
}

export const KINDS = { timeseries: Lines, stat: Number, bargauge: Bars };

/** Whether there is anything to be seen. */
export function isEmpty(frames) {
  const numbers = frames.flatMap((frame) => frame.fields.filter((field) => field.type === FieldType.number));
  return !numbers.some((field) => field.values.some((value) => value !== null));
}
