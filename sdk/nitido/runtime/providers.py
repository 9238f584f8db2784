"""What ONNX Runtime can hand a graph to beside its own CPU kernels, and what each needs."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Any

from nitido.errors import RuntimeUnavailable

__all__ = ["PROVIDERS", "Provider", "add", "onnxruntime"]

try:
    import onnxruntime  # type: ignore[import-untyped]
except ImportError as error:
    raise RuntimeUnavailable(
        f"expected ONNX Runtime to be installed, got: {error}; pip install onnxruntime"
    ) from error


@dataclass(frozen=True)
class Provider:
    """An execution provider."""

    name: str
    """As ONNX Runtime calls it."""
    options: tuple[tuple[str, str], ...] = ()
    comes_with: str = "a build of ONNX Runtime for this system that has it"


PROVIDERS = {
    "cpu": Provider("CPUExecutionProvider"),
    "xnnpack": Provider("XnnpackExecutionProvider", comes_with="ONNX Runtime's packages for Android and iOS"),
    "nnapi": Provider("NnapiExecutionProvider", comes_with="ONNX Runtime's package for Android"),
    "qnn": Provider("QNNExecutionProvider", comes_with="pip install 'nitido[qnn]'"),
    "coreml": Provider(
        "CoreMLExecutionProvider",
        (("ModelFormat", "MLProgram"), ("RequireStaticInputShapes", "0")),
        comes_with="ONNX Runtime's packages for macOS and iOS",
    ),
    "webgpu": Provider("WebGpuExecutionProvider", comes_with="a build of ONNX Runtime with WebGPU"),
}
"""By the name that ``device=`` takes."""


def add(options: Any, name: str, *, hardware: bool) -> tuple[str, bool]:
    """Let a session with ``options`` run through a provider alone: nothing may fall back to the CPU.

    Returns the provider's own version ('' where it is ONNX Runtime's) and whether the hardware is simulated.
    Raises RuntimeUnavailable.
    """
    provider = PROVIDERS[name]
    if name == "cpu":
        options.add_provider(provider.name, dict(provider.options))
        return "", False
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    if name == "qnn":
        return _add_qnn(options, provider, hardware=hardware)
    if provider.name not in onnxruntime.get_available_providers():
        raise RuntimeUnavailable(
            f"expected ONNX Runtime {onnxruntime.__version__} to have {provider.name}, it has "
            f"{', '.join(onnxruntime.get_available_providers())}; it comes with {provider.comes_with}"
        )
    options.add_provider(provider.name, dict(provider.options))
    return "", False


def _add_qnn(options: Any, provider: Provider, *, hardware: bool) -> tuple[str, bool]:
    """Qualcomm's provider is a library of its own; on processors that are not Arm it simulates the NPU."""
    simulated = platform.machine().lower() not in ("arm64", "aarch64")
    if hardware and simulated:
        raise RuntimeUnavailable(
            f"expected a Qualcomm NPU, which a {platform.machine()} processor has not; device='npu' runs "
            f"Qualcomm's simulation of one"
        )
    try:
        import onnxruntime_qnn  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise RuntimeUnavailable(
            f"expected Qualcomm's NPU provider to be installed, got: {error}; {provider.comes_with}"
        ) from error
    devices = [d for d in onnxruntime.get_ep_devices() if d.ep_name == provider.name]
    if not devices:
        onnxruntime.register_execution_provider_library(provider.name, onnxruntime_qnn.get_library_path())
        devices = [d for d in onnxruntime.get_ep_devices() if d.ep_name == provider.name]
    if not devices:
        raise RuntimeUnavailable("expected Qualcomm's provider to find an NPU, got none; use device='cpu'")
    settings = {"backend_path": onnxruntime_qnn.get_qnn_htp_path(), **dict(provider.options)}
    options.add_provider_for_devices([devices[-1]], settings)
    return str(onnxruntime_qnn.__version__), simulated
