"""Files made by the reference implementation of safetensors, with what they hold.

    pip install safetensors jax numpy
    python test/golden/safetensors-files.py
"""

import base64
import json
import pathlib

import ml_dtypes
import numpy as np
import safetensors
from safetensors.numpy import save

FLOATS = [0, -0.0, 1, -1.5, 65504, 6.103515625e-05, 5.960464477539063e-08, float("inf"), float("-inf"), 0.333251953125]
INTEGERS = [0, 1, 2, 127]

tensors = {
    "F64": np.array(FLOATS, np.float64).reshape(5, 2),
    "F32": np.array(FLOATS, np.float32).reshape(2, 5),
    "F16": np.array(FLOATS, np.float16),
    "BF16": np.array([0, -0.0, 1, -1.5, 3.3895313892515355e38, 9.183549615799121e-41, float("inf")], ml_dtypes.bfloat16),
    "I64": np.array([-(2**63), -1, 0, 2**63 - 1], np.int64),
    "I32": np.array([-(2**31), -1, 0, 2**31 - 1], np.int32),
    "I16": np.array([-(2**15), -1, 0, 2**15 - 1], np.int16),
    "I8": np.array([-128, -1, 0, 127], np.int8),
    "U8": np.array([0, 1, 255], np.uint8),
    "U16": np.array([0, 1, 2**16 - 1], np.uint16),
    "U32": np.array([0, 1, 2**32 - 1], np.uint32),
    "U64": np.array([0, 1, 2**64 - 1], np.uint64),
    "BOOL": np.array([True, False, True]),
    "rank 0": np.array(2.5, np.float32),
    "empty": np.zeros((3, 0, 2), np.float32),
    'a "quoted" näme/\u2028\U0001f642': np.arange(3, dtype=np.uint8),
}
metadata = {"format": "np", "text": 'line\n"quoted" \\ \u00e9\U0001f642', "": "empty key"}


def text(value):
    """Exact: floats as hexadecimal bits are clumsy, so as repr; integers as digits."""
    return str(int(value)) if not isinstance(value, (float, np.floating, ml_dtypes.bfloat16)) else repr(float(value))


golden = {
    "versions": {"safetensors": safetensors.__version__, "numpy": np.__version__},
    "file": base64.b64encode(save(tensors, metadata)).decode(),
    "metadata": metadata,
    "tensors": {
        name: {"shape": list(array.shape), "values": [text(value) for value in array.ravel()]}
        for name, array in tensors.items()
    },
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n")
