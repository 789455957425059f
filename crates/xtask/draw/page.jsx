// A dashboard as Grafana shows it: the chart's JSON, and what a Prometheus answered to its queries, as `answers.js` has them.
import { createTheme, dateTime } from '@grafana/data';
import { GlobalStyles, PanelChrome, ThemeContext } from '@grafana/ui';
import { createRoot } from 'react-dom/client';

import { frames } from './frames.js';
import { isEmpty, KINDS } from './panels.jsx';

/** Grafana's grid: 24 columns, and rows of 30 pixels with gaps of 8. */
const COLUMNS = 24;
const ROW = 30;
const GAP = 8;
/** Of the bar above. */
const BAR = 48;

const { board, answers, from, to, width } = window.DRAWN;
const theme = createTheme({ colors: { mode: 'dark' } });
const range = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
const column = (width - GAP) / COLUMNS;

function place({ x, y, w, h }) {
  return { left: GAP + x * column, top: BAR + GAP + y * (ROW + GAP), width: w * column - GAP, height: h * (ROW + GAP) - GAP };
}

function Bar() {
  const chosen = board.templating.list.filter((variable) => variable.type === 'query');
  const box = {
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: theme.shape.radius.default,
    padding: '3px 8px',
    marginLeft: 8,
    fontSize: 12,
  };
  const label = { color: theme.colors.text.secondary, marginRight: 8 };
  return (
    <div
      style={{
        position: 'absolute', left: 0, top: 0, width, height: BAR, padding: '0 16px', display: 'flex', alignItems: 'center',
        background: theme.colors.background.primary, borderBottom: `1px solid ${theme.colors.border.weak}`,
      }}
    >
      <div style={{ ...theme.typography.h5, flexGrow: 1 }}>{board.title}</div>
      {chosen.map((variable) => (
        <div key={variable.name} style={box}>
          <span style={label}>{variable.label}</span>
          {variable.current.text.join(', ')}
        </div>
      ))}
      <div style={box}>
        {dateTime(from).utc().format('HH:mm')} to {dateTime(to).utc().format('HH:mm')} UTC
      </div>
    </div>
  );
}

function Row({ panel }) {
  return (
    <div style={{ position: 'absolute', ...place(panel.gridPos), display: 'flex', alignItems: 'center' }}>
      <span style={{ ...theme.typography.h6, fontSize: 16 }}>{panel.title}</span>
    </div>
  );
}

function Panel({ panel }) {
  const shown = frames(panel, answers[panel.id], theme);
  const Kind = KINDS[panel.type];
  const { left, top, width, height } = place(panel.gridPos);
  const { noValue } = panel.fieldConfig.defaults;
  const empty = isEmpty(shown);
  return (
    <div
      data-panel={panel.title}
      data-shows={empty ? (noValue === undefined ? 'nothing' : 'why') : 'series'}
      style={{ position: 'absolute', left, top, width, height }}
    >
      <PanelChrome title={panel.title} width={width} height={height}>
        {(innerWidth, innerHeight) =>
          empty ? (
            <div style={{ width: innerWidth, height: innerHeight, display: 'grid', placeItems: 'center', ...theme.typography.h4, color: theme.colors.text.secondary }}>
              {noValue ?? 'No data'}
            </div>
          ) : (
            <Kind panel={panel} frames={shown} range={range} width={innerWidth} height={innerHeight} />
          )
        }
      </PanelChrome>
    </div>
  );
}

function Board() {
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Bar />
      {board.panels.map((panel) => (panel.type === 'row' ? <Row key={panel.id} panel={panel} /> : <Panel key={panel.id} panel={panel} />))}
    </ThemeContext.Provider>
  );
}

document.body.style.background = theme.colors.background.canvas;
createRoot(document.getElementById('board')).render(<Board />);
