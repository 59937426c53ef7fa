"""Alertmanager's webhook, version 4.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from typing import Annotated, Literal

from pydantic import Field

from app.kernel.api.schemas import ContractInput, Output

_Text = Annotated[str, Field(max_length=10_000)]
_Words = dict[Annotated[str, Field(max_length=200)], _Text]


class AlertmanagerAlert(ContractInput):
    status: Literal["firing", "resolved"]
    labels: _Words = Field({}, examples=[{"alertname": "DiskFull", "severity": "critical"}])
    annotations: _Words = Field({}, examples=[{"summary": "Disk is full"}])
    generatorURL: _Text = ""  # noqa: N815 the sender's name
    fingerprint: Annotated[str, Field(pattern=r"^[!-~]*$", max_length=100)] = Field(
        "", examples=["d2b5c5c4f0a1e3f7"]
    )


class AlertmanagerMessage(ContractInput):
    """A group of alerts. Fields that are not named here are ignored."""

    version: Literal["4"] = "4"
    status: Literal["firing", "resolved"] = "firing"
    receiver: _Text = ""
    alerts: Annotated[list[AlertmanagerAlert], Field(max_length=5000)]


class AlertmanagerTaken(Output):
    """What became of the message; an alert that was open already, or was not open, counts nowhere."""

    received_count: int
    opened_count: int
    resolved_count: int
    ignored_count: int = Field(description="Severity info, none or debug: news, not alerts.")
