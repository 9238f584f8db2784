"""Trigger and enhancer on a server (source: T10), for a device that has neither the power nor the models."""

from nitido.remote.parts import RemoteRestorer, RemoteTrigger
from nitido.remote.remote import Remote

__all__ = ["Remote", "RemoteRestorer", "RemoteTrigger"]
