"""The app's parts, put together once: what handlers work with."""

from __future__ import annotations

from nitido_demo.benchmarks import Benchmarks
from nitido_demo.engine import Engine
from nitido_demo.events import Events
from nitido_demo.jobs import Jobs
from nitido_demo.keeping import Keeping
from nitido_demo.library import Library
from nitido_demo.live import Live
from nitido_demo.pictures import Pictures
from nitido_demo.ratings import Ratings
from nitido_demo.settings import Settings
from nitido_demo.store import Store
from nitido_demo.uploads import Uploads
from nitido_demo.vendored import Unpacked
from nitido_demo.working import Worker


class House:
    """One per server."""

    def __init__(self, settings: Settings) -> None:
        limits, state = settings.limits, settings.state
        self.settings = settings
        self.events = Events()
        self.engine = Engine(limits)
        self.store = Store(state / "demo.sqlite")
        self.library = Library(settings.photos, state / "scores.sqlite", self.engine, self.events)
        self.jobs = Jobs(self.store, state / "jobs", limits, self.events)
        self.worker = Worker(self.jobs, self.engine, self.library, settings)
        self.pictures = Pictures(state / "pictures")
        self.uploads = Uploads(state / "uploads", limits)
        self.unpacked = Unpacked(state / "runtime")
        self.keeping = Keeping(self.store, self.library)
        self.ratings = Ratings(self.store, self.library, self.jobs)
        self.benchmarks = Benchmarks(state / "benchmarks", limits)
        self.live = Live()

    def start(self) -> None:
        """Begin to scan and to work; in the server's loop."""
        self.events.start()
        self.jobs.recover()
        self.library.start()
        self.worker.start()

    def stop(self) -> None:
        """End in order."""
        self.events.close()
        self.library.stop()
        self.worker.stop()
        self.store.close()
