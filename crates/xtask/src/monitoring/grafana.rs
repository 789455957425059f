//! A dashboard as Grafana reads it: as much of its model as ours need, and no more. Grafana's own builders (the foundation SDK)
//! are for other languages. Each panel says what it is for, in its unit, and every query reads what exists in both modes.

use serde_json::{Value, json};

/// The version of the model, of Grafana 12; older ones down to 10 read it, and newer ones bring it up to date.
const SCHEMA: u32 = 41;
/// A row of panels.
const WIDTH: u32 = 24;

/// A dashboard.
#[derive(Debug)]
pub(crate) struct Dashboard {
    /// Of its file, and of its uid behind `outrigger-`.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) says: &'static str,
    pub(crate) variables: Vec<Variable>,
    pub(crate) rows: Vec<Row>,
}

/// What can be chosen, beside the data source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// Which label of which series: `label_values(series, name)`.
    pub(crate) series: &'static str,
    pub(crate) of: &'static str,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) title: &'static str,
    /// How high each of its panels is; they share its width.
    pub(crate) height: u32,
    pub(crate) panels: Vec<Panel>,
}

/// How a panel shows what it asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Lines over time.
    Lines,
    /// The same, on top of each other.
    Stacked,
    /// One number.
    Number,
    /// One bar for each series, the longest first.
    Bars,
}

/// Units, by the words that Grafana has for them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    PerSecond,
    Seconds,
    Share,
    Dollars,
    Bytes,
    Count,
}

#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) says: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
    pub(crate) queries: Vec<Query>,
    /// From where on it is bad.
    pub(crate) bad: Option<Bad>,
    /// What it says where there is nothing to show; without it "No data", which is bad news.
    pub(crate) nothing: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Bad {
    Above(f64),
    Below(f64),
}

/// What is asked, and what its series are called.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) expr: String,
    pub(crate) legend: &'static str,
}

pub(crate) fn query(expr: impl Into<String>, legend: &'static str) -> Query {
    Query { expr: expr.into(), legend }
}

impl Panel {
    pub(crate) fn new(title: &'static str, kind: Kind, unit: Unit, says: &'static str, queries: Vec<Query>) -> Self {
        Self { title, says, kind, unit, queries, bad: None, nothing: None }
    }

    pub(crate) fn bad(self, bad: Bad) -> Self {
        Self { bad: Some(bad), ..self }
    }

    pub(crate) fn nothing(self, says: &'static str) -> Self {
        Self { nothing: Some(says), ..self }
    }
}

impl Dashboard {
    pub(crate) fn uid(&self) -> String {
        format!("outrigger-{}", self.name)
    }

    /// Its file.
    pub(crate) fn json(&self) -> String {
        let mut panels = Vec::new();
        let mut top = 0;
        for row in &self.rows {
            panels.push(json!({
                "id": panels.len() + 1, "type": "row", "title": row.title, "collapsed": false, "panels": [],
                "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": top},
            }));
            top += 1;
            let width = WIDTH / u32::try_from(row.panels.len().max(1)).unwrap_or(1);
            for (at, shown) in (0..).zip(&row.panels) {
                let place = json!({"h": row.height, "w": width, "x": at * width, "y": top});
                panels.push(panel(shown, panels.len() + 1, &place));
            }
            top += row.height;
        }
        let links = json!([{
            "type": "dashboards", "tags": ["outrigger"], "title": "Outrigger", "asDropdown": true,
            "includeVars": true, "keepTime": true,
        }]);
        let text = json!({
            "uid": self.uid(), "title": format!("Outrigger / {}", self.title), "description": self.says,
            "tags": ["outrigger"], "schemaVersion": SCHEMA, "version": 1, "editable": true, "graphTooltip": 1,
            "time": {"from": "now-6h", "to": "now"}, "refresh": "30s", "timezone": "browser",
            "annotations": {"list": []}, "links": links,
            "templating": {"list": self.templating()}, "panels": panels,
        });
        format!("{text:#}\n")
    }

    fn templating(&self) -> Vec<Value> {
        let source = json!({"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"});
        let variables = self.variables.iter().map(|variable| {
            let asked = format!("label_values({}, {})", variable.series, variable.of);
            json!({
                "name": variable.name, "label": variable.label, "type": "query", "datasource": source_of(),
                "definition": asked, "query": {"query": asked, "refId": "Variable", "qryType": 1},
                "refresh": 2, "sort": 1, "multi": true, "includeAll": true, "allValue": ".*",
                "current": {"selected": true, "text": ["All"], "value": ["$__all"]},
            })
        });
        std::iter::once(source).chain(variables).collect()
    }
}

fn source_of() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

fn panel(panel: &Panel, id: usize, place: &Value) -> Value {
    let Panel { title, says, kind, unit, queries, bad, nothing } = panel;
    let instant = matches!(kind, Kind::Number | Kind::Bars);
    let targets: Vec<Value> = queries
        .iter()
        .zip('A'..)
        .map(|(query, id)| {
            json!({
                "refId": id.to_string(), "datasource": source_of(), "expr": query.expr, "legendFormat": query.legend,
                "instant": instant, "range": !instant, "editorMode": "code",
            })
        })
        .collect();
    let (kind, custom, options) = shown(*kind);
    let mut panel = json!({
        "id": id, "type": kind, "title": title, "description": says, "gridPos": place, "datasource": source_of(),
        "targets": targets, "options": options,
        "fieldConfig": {
            "defaults": {
                "unit": unit.word(), "min": 0, "custom": custom,
                "color": {"mode": if kind == "stat" && bad.is_some() { "thresholds" } else { "palette-classic" }},
                "thresholds": {"mode": "absolute", "steps": steps(*bad)},
            },
            "overrides": [],
        },
    });
    if let Some(says) = nothing {
        panel["fieldConfig"]["defaults"]["noValue"] = (*says).into();
    }
    panel
}

fn shown(kind: Kind) -> (&'static str, Value, Value) {
    let lines = |stack: &str, fill: u32| {
        let custom = json!({
            "lineWidth": 1, "fillOpacity": fill, "showPoints": "never", "spanNulls": 120_000,
            "stacking": {"mode": stack, "group": "A"},
        });
        let legend =
            json!({"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"], "showLegend": true});
        ("timeseries", custom, json!({"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}))
    };
    let last = json!({"calcs": ["lastNotNull"], "fields": "", "values": false});
    match kind {
        Kind::Lines => lines("none", 8),
        Kind::Stacked => lines("normal", 40),
        Kind::Number => (
            "stat",
            json!({}),
            json!({"reduceOptions": last, "graphMode": "none", "colorMode": "value", "textMode": "value"}),
        ),
        Kind::Bars => (
            "bargauge",
            json!({}),
            // However many there are: as high as a line of text, and not as high as there is room.
            json!({
                "reduceOptions": last, "orientation": "horizontal", "displayMode": "basic", "showUnfilled": true,
                "namePlacement": "top", "sizing": "manual", "minVizHeight": 16, "maxVizHeight": 48,
                "text": {"titleSize": 13, "valueSize": 16},
            }),
        ),
    }
}

fn steps(bad: Option<Bad>) -> Value {
    match bad {
        None => json!([{"color": "green", "value": null}]),
        Some(Bad::Above(value)) => json!([{"color": "green", "value": null}, {"color": "red", "value": value}]),
        Some(Bad::Below(value)) => json!([{"color": "red", "value": null}, {"color": "green", "value": value}]),
    }
}

impl Unit {
    fn word(self) -> &'static str {
        match self {
            Self::PerSecond => "ops",
            Self::Seconds => "s",
            Self::Share => "percentunit",
            Self::Dollars => "currencyUSD",
            Self::Bytes => "bytes",
            Self::Count => "short",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_of_a_row_share_its_width_and_each_has_a_number_of_its_own() {
        let one = || Panel::new("t", Kind::Lines, Unit::Count, "s", vec![query("up", "x"), query("up", "y")]);
        let row = |panels| Row { title: "r", height: 8, panels };
        let board = Dashboard {
            name: "n",
            title: "N",
            says: "",
            variables: vec![],
            rows: vec![row(vec![one(), one()]), row(vec![one()])],
        };
        let json: Value = serde_json::from_str(&board.json()).unwrap();
        let panels = json["panels"].as_array().unwrap();
        let places: Vec<String> = panels
            .iter()
            .map(|panel| {
                let at = &panel["gridPos"];
                format!("{} {} {} {}", panel["id"], at["x"], at["y"], at["w"])
            })
            .collect();
        assert_eq!(places, ["1 0 0 24", "2 0 1 12", "3 12 1 12", "4 0 9 24", "5 0 10 24"]);
        assert_eq!(panels[1]["targets"][1]["refId"], "B");
        assert_eq!(json["uid"], "outrigger-n");
    }
}
