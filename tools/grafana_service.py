"""What the dashboard of hiq itself shows, and the alerts: PromQL over /metrics."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_panels import Board, Panel


def _ql(expression: str) -> dict[str, str]:
    return {"promql": expression}


SERVICE = Board(
    "hiq",
    "hiq itself",
    (
        Panel(
            "Connected to Home Assistant",
            "bool_yes_no",
            _ql("hiq_ha_subscribed"),
            "stat",
            4,
        ),
        Panel("Counters add up (0)", "short", _ql("hiq_events_imbalance"), "stat", 4),
        Panel("Gaps that are open", "short", _ql('hiq_gaps{state="open"}'), "stat", 4),
        Panel(
            "Waiting, oldest",
            "s",
            _ql("max(hiq_journal_oldest_age_seconds)"),
            "stat",
            4,
        ),
        Panel("Memory", "bytes", _ql("hiq_resident_memory_bytes"), "stat", 4),
        Panel(
            "Up since",
            "dateTimeFromNow",
            _ql("hiq_start_time_seconds * 1000"),
            "stat",
            4,
        ),
        Panel(
            "Events a second",
            "cps",
            _ql("rate(hiq_events_received_total[$__rate_interval])"),
        ),
        Panel(
            "What became of them",
            "cps",
            _ql("sum by (result) (rate(hiq_events_total[$__rate_interval]))"),
        ),
        Panel(
            "Written a second, by sink",
            "cps",
            _ql(
                "sum by (target) "
                '(rate(hiq_points_total{result="written"}[$__rate_interval]))'
            ),
        ),
        Panel("Waiting, by sink", "short", _ql("hiq_points_pending")),
        Panel("Lag, by sink", "s", _ql("hiq_journal_oldest_age_seconds")),
        Panel(
            "Lost for good, by sink",
            "short",
            _ql(
                "sum by (target, result) (increase(hiq_points_total"
                '{result=~"dropped|dead_lettered|rejected"}[$__rate_interval]))'
            ),
        ),
        Panel(
            "Length of writes, 95 of 100 below",
            "s",
            _ql(
                "histogram_quantile(0.95, sum by (target, le) "
                "(rate(hiq_write_duration_seconds_bucket[$__rate_interval])))"
            ),
        ),
        Panel(
            "Outcome of writes",
            "cps",
            _ql(
                "sum by (target, code) (rate(hiq_write_requests_total[$__rate_interval]))"
            ),
        ),
        Panel("Journal", "bytes", _ql("hiq_journal_bytes")),
        Panel(
            "Journal, share that is full",
            "percentunit",
            _ql("hiq_journal_bytes / hiq_journal_max_bytes"),
        ),
        Panel("Round trip to Home Assistant", "s", _ql("hiq_ha_ping_seconds")),
        Panel(
            "Connections that ended",
            "short",
            _ql("sum by (reason) (increase(hiq_ha_reconnects_total[1h]))"),
        ),
        Panel(
            "Written to disk a second",
            "Bps",
            _ql("rate(hiq_journal_written_bytes_total[$__rate_interval])"),
        ),
        Panel(
            "Syncs a second",
            "cps",
            _ql("rate(hiq_journal_fsyncs_total[$__rate_interval])"),
        ),
        Panel(
            "State of each sink",
            "short",
            _ql("sum by (target, state) (hiq_sink_state) == 1"),
        ),
        Panel("Gaps", "short", _ql("sum by (state) (hiq_gaps)")),
        Panel(
            "HTTP requests",
            "reqps",
            _ql("sum by (path, status) (rate(http_requests_total[$__rate_interval]))"),
        ),
        Panel("Unexpected errors", "short", _ql("sum(hiq_errors_total) or vector(0)")),
    ),
    span="now-3h",
)


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule; `what` says what is wrong, `todo` what helps."""

    name: str
    expression: str
    lasts: str
    severity: str
    what: str
    todo: str


ALERTS = (
    Alert(
        "HiqDown", 'up{job="hiq"} == 0', "2m", "critical",
        "hiq does not answer.",
        "Look at the log of the service; it fills what it missed once it runs again.",
    ),
    Alert(
        "HiqNotSubscribed", "hiq_ha_subscribed == 0", "2m", "critical",
        "No events come from Home Assistant.",
        "`hiq check` says whether address, token or Home Assistant itself is at fault.",
    ),
    Alert(
        "HiqDatabaseBehind", "hiq_journal_oldest_age_seconds > 600", "1m", "warning",
        "The oldest point waits longer than ten minutes for {{ $labels.target }}.",
        "Nothing is lost yet. /health shows what the database answers.",
    ),
    Alert(
        "HiqSinkHeld", 'hiq_sink_state{state="held"} == 1', "1m", "critical",
        "{{ $labels.target }} refuses everything: login, database or address.",
        "Repair it; hiq goes on by itself. /health gives the database's words.",
    ),
    Alert(
        "HiqJournalFilling", "hiq_journal_bytes / hiq_journal_max_bytes > 0.8", "5m", "warning",
        "The journal is full to more than four fifths.",
        "Bring the database back, or raise journal.max_bytes.",
    ),
    Alert(
        "HiqJournalNotWritable", "hiq_journal_writable == 0", "1m", "critical",
        "The journal takes nothing: the disk is full or broken.",
        "Make room on the disk of the data folder.",
    ),
    Alert(
        "HiqLoses",
        'increase(hiq_points_total{result=~"dropped|dead_lettered|rejected"}[15m]) > 0',
        "0m", "critical",
        "Points for {{ $labels.target }} were {{ $labels.result }}.",
        "`hiq journal dead` shows them with the reason, `--retry` sends them again.",
    ),
    Alert(
        "HiqGapLost", 'hiq_gaps{state="lost"} > 0', "0m", "warning",
        "A time is missing that Home Assistant's recorder does not have any more.",
        "`hiq gaps --lost` says which; keep more days in the recorder.",
    ),
    Alert(
        "HiqCountersBroken", "hiq_events_imbalance != 0", "1m", "critical",
        "The counters do not add up: events went somewhere unknown.",
        "This is a defect of hiq; please report it with /metrics and the log.",
    ),
    Alert(
        "HiqErrors", "increase(hiq_errors_total[15m]) > 0", "0m", "warning",
        "Unexpected errors in {{ $labels.part }}.",
        "The log has each with its trace; please report it.",
    ),
)  # fmt: skip
