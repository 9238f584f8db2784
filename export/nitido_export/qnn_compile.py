"""Compiles an ONNX file for Qualcomm's NPU; run as a program, so that its library's words can be caught.

    python qnn_compile.py MODEL.onnx CONTEXT.onnx HEXAGON

It imports nothing of Nitido: any Python that has onnxruntime-qnn can run it.
"""

from __future__ import annotations

import sys

import onnxruntime  # type: ignore[import-untyped]
import onnxruntime_qnn  # type: ignore[import-not-found, import-untyped, unused-ignore]

NAME = "QNNExecutionProvider"


def main(model: str, context: str, hexagon: str) -> None:
    """Write the context binary, inside an ONNX file of one node; nothing may be left to the CPU."""
    onnxruntime.register_execution_provider_library(NAME, onnxruntime_qnn.get_library_path())
    devices = [device for device in onnxruntime.get_ep_devices() if device.ep_name == NAME]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 2
    for key, value in (
        ("session.disable_cpu_ep_fallback", "1"),
        ("ep.context_enable", "1"),
        ("ep.context_embed_mode", "1"),
        ("ep.context_file_path", context),
    ):
        options.add_session_config_entry(key, value)
    settings = {
        "backend_path": onnxruntime_qnn.get_qnn_htp_path(),
        "htp_arch": hexagon,
        "htp_graph_finalization_optimization_mode": "3",
    }
    options.add_provider_for_devices([devices[-1]], settings)
    onnxruntime.InferenceSession(model, options)


if __name__ == "__main__":
    main(*sys.argv[1:])
