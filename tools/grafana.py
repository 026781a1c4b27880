"""grafana.py [--check]: write grafana/*.json and grafana/alerts.yml of the tables.

The panels stand in grafana_panels.py and grafana_service.py; here is only how Grafana
wants them written. With --check nothing is written: exit status 1 if a file would
change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from grafana_panels import HOME_BOARDS, LANGUAGES, Board, Panel
from grafana_service import ALERTS, SERVICE

FOLDER = Path(__file__).parent.parent / "grafana"
SOURCES = {
    "influxql": "influxdb",
    "flux": "influxdb",
    "sql": "influxdb",
    "promql": "prometheus",
}
TITLES = {
    "influxql": "InfluxQL",
    "flux": "Flux",
    "sql": "SQL",
    "promql": "PromQL",
}
HEIGHT = 8


def target(language: str, query: str, kind: str) -> dict[str, Any]:
    """Return a query as Grafana keeps it for this language."""
    source = {"type": SOURCES[language], "uid": "${datasource}"}
    table = kind == "table"
    if language == "promql":
        legend = {"legendFormat": "__auto", "instant": kind == "stat"}
        return {"refId": "A", "datasource": source, "expr": query, **legend}
    if language == "influxql":
        shape = {"rawQuery": True, "resultFormat": "table" if table else "time_series"}
        alias = {} if table else {"alias": "$tag_entity_id $col"}
        return {"refId": "A", "datasource": source, "query": query, **shape, **alias}
    if language == "flux":
        return {"refId": "A", "datasource": source, "query": query}
    shape = {"rawQuery": True, "format": "table" if table else "time_series"}
    return {"refId": "A", "datasource": source, "rawSql": query, **shape}


def panels(board: Board, language: str) -> list[dict[str, Any]]:
    """Return the panels that have a query in this language, laid out in rows."""
    made: list[dict[str, Any]] = []
    x = y = 0
    shown = [panel for panel in board.panels if language in panel.queries]
    for number, panel in enumerate(shown, 1):
        height = 4 if panel.kind == "stat" else HEIGHT
        if x + panel.width > 24:
            x, y = 0, y + made[-1]["gridPos"]["h"]
        made.append(_panel(number, panel, language, (x, y, height)))
        x += panel.width
    return made


def _panel(
    number: int, panel: Panel, language: str, place: tuple[int, int, int]
) -> dict[str, Any]:
    x, y, height = place
    found = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": {"type": SOURCES[language], "uid": "${datasource}"},
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": height},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [target(language, panel.queries[language], panel.kind)],
    }
    return {**found, "description": panel.help} if panel.help else found


def variables(board: Board, language: str) -> list[dict[str, Any]]:
    """Return what can be chosen above a dashboard."""
    made: list[dict[str, Any]] = [
        {
            "name": "datasource",
            "type": "datasource",
            "label": "Data source",
            "query": SOURCES[language],
        }
    ]
    if language == "flux":
        made.append({"name": "bucket", "type": "textbox", "query": "home_assistant"})
    order = ("measurement", "domain", "entity")
    for name in order:
        query = board.variables.get(name, {}).get(language)
        if query is not None:
            source = {"type": SOURCES[language], "uid": "${datasource}"}
            shown = {"label": name.capitalize(), "refresh": 2, "sort": 1}
            made.append(
                {
                    "name": name,
                    "type": "query",
                    "query": query,
                    "datasource": source,
                    **shown,
                }
            )
    return made


def dashboard(board: Board, language: str) -> dict[str, Any]:
    """Return a dashboard as Grafana imports it."""
    service = board is SERVICE
    title = board.title if service else f"{board.title} ({TITLES[language]})"
    return {
        "uid": board.name if service else f"hiq-{board.name}-{language}",
        "title": title,
        "tags": ["hiq"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": board.refresh,
        "time": {"from": board.span, "to": "now"},
        "templating": {"list": variables(board, language)},
        "panels": panels(board, language),
    }


def alerts() -> str:
    """Return the rules as Prometheus reads them."""
    lines = ["# Made by tools/grafana.py.", "groups:", "  - name: hiq", "    rules:"]
    for alert in ALERTS:
        lines += [
            f"      - alert: {alert.name}",
            f"        expr: {json.dumps(alert.expression)}",
            f"        for: {alert.lasts}",
            f"        labels: {{severity: {alert.severity}}}",
            "        annotations:",
            f"          summary: {json.dumps(alert.what)}",
            f"          description: {json.dumps(alert.todo)}",
        ]
    return "\n".join(lines) + "\n"


def files() -> dict[str, str]:
    """Return the text of each file."""
    made = {"hiq.json": dashboard(SERVICE, "promql")}
    for board in HOME_BOARDS:
        for language in LANGUAGES:
            made[f"{board.name}-{language}.json"] = dashboard(board, language)
    texts = {
        name: json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        for name, found in made.items()
    }
    return {**texts, "alerts.yml": alerts()}


def main() -> int:
    """Write, or compare."""
    stale = []
    for name, text in files().items():
        path = FOLDER / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    print("stale:" if "--check" in sys.argv else "written:", *stale)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
