"""WebGPU in the page *This device*: checked as every device is, and left where it is wrong or fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .browser import chromium, needs_runtime
from .conftest import Server

pytestmark = needs_runtime
SOFTWARE = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan")
"""Chromium's own Vulkan on the processor: the same code path as a GPU, slowly."""
OPEN = """async ([name, wanted]) => {
  const { openDevice } = await import("/device/client.js");
  self.device = await openDevice();
  return (await device.open([name], () => {}, wanted)).bundles[name];
}"""
PRETENDED = """
export * from "/vendor/ort.wasm.min.mjs";
import { InferenceSession as Real } from "/vendor/ort.wasm.min.mjs";
let runs = 0;
export const InferenceSession = {
  async create(bytes) {
    const session = await Real.create(bytes, { executionProviders: ["wasm"] });
    const run = session.run.bind(session);
    session.run = async (feeds) => {
      const found = await run(feeds);
      %s
      return found;
    };
    return session;
  },
};
"""
"""onnxruntime-web for a GPU that does something of its own to the results."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium(*SOFTWARE) as opened:
        yield opened


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    """A page without anything on it, at the app's address."""
    context = browser.new_context(service_workers="block")
    context.set_default_timeout(120_000)
    opened = context.new_page()
    opened.goto(f"{server.url}/api/about")
    if opened.evaluate("() => import('/device/gpu.js').then(({ noGpu }) => noGpu(true))"):
        pytest.skip("this chromium has no WebGPU, not even in software")
    yield opened
    context.close()


def pretend(page: Any, what: str) -> None:
    """Put another runtime in the place of the one for GPUs."""
    page.route(
        "**/ort.jspi.min.mjs",
        lambda route: route.fulfill(content_type="text/javascript", body=PRETENDED % what),
    )


def only_blur(page: Any) -> None:
    """Leave out the large graph of a bundle, which takes minutes in software."""

    def answer(route: Any) -> None:
        manifest = route.fetch().json()
        manifest["builds"] = [build for build in manifest["builds"] if build["graph"] == "blur"]
        route.fulfill(json=manifest)

    page.route("**/manifest.json", answer)


def test_golden_vectors_agree_on_webgpu(page: Any) -> None:
    only_blur(page)
    found = page.evaluate(OPEN, ["restore", "webgpu"])
    assert (found["device"], found["reason"]) == ("webgpu", "")
    (golden,) = found["golden"]
    assert (golden["graph"], golden["ok"]) == ("blur", True)


def test_by_itself_a_gpu_in_software_is_not_taken(page: Any) -> None:
    only_blur(page)
    found = page.evaluate(OPEN, ["restore", "auto"])
    assert found["device"] == "wasm"
    assert found["reason"].startswith("WebGPU is computed by the processor here")


def test_a_gpu_that_computes_something_else_is_left_with_the_reason(page: Any) -> None:
    only_blur(page)
    pretend(page, "for (const { data } of Object.values(found)) data[0] += 0.5;")
    found = page.evaluate(OPEN, ["restore", "webgpu"])
    assert (found["device"], found["golden"][0]["ok"]) == ("wasm", True)
    assert found["reason"].startswith("restore computes something else on the GPU than its golden vectors")
    assert "blur: off by 0.5" in found["reason"]


def test_a_gpu_that_fails_in_mid_work_is_left_with_the_reason(page: Any) -> None:
    pretend(page, 'if (++runs > 1) throw new Error("device lost");')
    assert page.evaluate(OPEN, ["trigger-lite", "webgpu"])["device"] == "webgpu"
    again = page.evaluate("() => device.assess('trigger-lite', new ImageData(80, 60))")
    assert (again["device"], again["reason"]) == ("wasm", "the GPU failed: device lost")
    assert -9 <= again["score"] <= 9
