"""Runs the Core ML packages of bundles on a Mac, on the golden vectors, and says how far they are from torch.

    pip install coremltools pillow numpy
    python scripts/verify_coreml.py release/sr-x2 [release/restore ...]

It needs macOS 13 or later and nothing of Nitido. Exit status: 0 when every build is within what its manifest states.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import zipfile
from pathlib import Path

MARGIN_DB = 3.0
"""The Neural Engine and GPUs round in their own way, and both images are rounded to grey levels."""
MARGIN = 3.0
UNITS = ("CPU_ONLY", "CPU_AND_GPU", "CPU_AND_NE")


def verify(folder: Path, build: dict) -> bool:
    """One package on every compute unit."""
    import coremltools
    import numpy as np
    from PIL import Image

    good = True
    golden = np.load(folder / "golden.npz")
    with tempfile.TemporaryDirectory() as place:
        zipfile.ZipFile(folder / build["file"]).extractall(place)
        (package,) = Path(place).glob("*.mlpackage")
        for unit in UNITS:
            model = coremltools.models.MLModel(str(package), compute_units=coremltools.ComputeUnit[unit])
            inputs = {}
            for spec in build["inputs"]:
                value = golden[f"{build['graph']}/in/{spec['name']}"]
                image = spec["dtype"] == "uint8"
                inputs[spec["name"]] = Image.fromarray(value) if image else value.reshape(spec["shape"])
            results = model.predict(inputs)
            for spec in build["outputs"]:
                expected = golden[f"{build['graph']}/out/{spec['name']}"].astype(np.float64)
                found = results[spec["name"]]
                image = isinstance(found, Image.Image)
                got = np.asarray(found.convert("RGB") if image else found, np.float64)
                error = got.reshape(expected.shape) - expected
                if image:
                    mse = float(np.mean(error**2)) / 255**2
                    psnr = -10 * math.log10(mse) if mse else 200.0
                    passed = psnr >= build["parity"]["psnr_db"] - MARGIN_DB
                    said = f"{psnr:.1f} dB, worst {np.abs(error).max():.0f} grey levels"
                else:
                    worst = float(np.abs(error).max())
                    passed = worst <= MARGIN * build["parity"]["max_abs"] + 1e-2
                    said = f"at most {worst:.1e} apart"
                good = good and passed
                print(f"{folder.name} {build['graph']} {build['target']} {unit}: {said}: {'good' if passed else 'WRONG'}")
    return good


def main(folders: list[str]) -> int:
    """Every Core ML build of every bundle; 2 where this cannot be done."""
    if not folders or folders[0] in ("-h", "--help"):
        print(__doc__)
        return 2
    if sys.platform != "darwin":
        print("needs macOS, where Core ML runs; elsewhere, nitido-export matrix evaluates the packages", file=sys.stderr)
        return 2
    outcomes = []
    try:
        for folder in map(Path, folders):
            manifest = json.loads((folder / "manifest.json").read_text())
            builds = [build for build in manifest["builds"] if build["target"].startswith("coreml-")]
            if not builds:
                print(f"{folder} has no Core ML builds; nitido-export release makes them", file=sys.stderr)
            outcomes += [verify(folder, build) for build in builds]
    except ImportError as error:
        print(f"needs the package {error.name}: pip install coremltools pillow numpy", file=sys.stderr)
        return 2
    return 0 if outcomes and all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
