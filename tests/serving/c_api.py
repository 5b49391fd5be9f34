"""Scores of a SavedModel by TensorFlow's C API: `python c_api.py REQUEST.json`.

A process without Python's TensorFlow, Keras and this package: NumPy and the library alone.
The request has the folders of the library and of the model, the tensors to feed and to fetch,
and the files of the samples and of the result.
"""

import ctypes
import json
import sys

import numpy as np

for module in ("tensorflow", "keras", "kerasocc"):
    sys.modules[module] = None

POINTER = ctypes.c_void_p
FLOAT = 1
RETURN_POINTERS = (
    "TF_NewStatus TF_NewGraph TF_NewSessionOptions TF_LoadSessionFromSavedModel "
    "TF_GraphOperationByName TF_AllocateTensor TF_TensorData"
).split()


class Output(ctypes.Structure):
    _fields_ = [("operation", POINTER), ("index", ctypes.c_int)]


class Session:
    def __init__(self, library, model):
        ctypes.CDLL(f"{library}/libtensorflow_framework.so.2")
        self.api = ctypes.CDLL(f"{library}/libtensorflow_cc.so.2")
        for name in RETURN_POINTERS:
            getattr(self.api, name).restype = POINTER
        self.api.TF_Message.restype = ctypes.c_char_p
        self.api.TF_TensorByteSize.restype = ctypes.c_size_t
        self.status = POINTER(self.api.TF_NewStatus())
        self.graph = POINTER(self.api.TF_NewGraph())
        tags = (ctypes.c_char_p * 1)(b"serve")
        options = POINTER(self.api.TF_NewSessionOptions())
        self.session = POINTER(
            self.api.TF_LoadSessionFromSavedModel(
                options, None, model.encode(), tags, 1, self.graph, None, self.status
            )
        )
        self.check()

    def check(self):
        if self.api.TF_GetCode(self.status):
            raise RuntimeError(self.api.TF_Message(self.status).decode())

    def output(self, tensor):
        operation, index = tensor.split(":")
        found = self.api.TF_GraphOperationByName(self.graph, operation.encode())
        return Output(found, int(index))

    def run(self, feed, x, fetch):
        """Scores of samples, float32."""
        api, sizes = self.api, (ctypes.c_int64 * x.ndim)(*x.shape)
        size = ctypes.c_size_t(x.nbytes)
        tensor = POINTER(api.TF_AllocateTensor(FLOAT, sizes, x.ndim, size))
        ctypes.memmove(api.TF_TensorData(tensor), x.ctypes.data, x.nbytes)
        inputs, outputs = (Output * 1)(self.output(feed)), (Output * 1)(self.output(fetch))
        values, results = (POINTER * 1)(tensor), (POINTER * 1)()
        api.TF_SessionRun(
            *(self.session, None, inputs, values, 1, outputs, results, 1, None, 0, None),
            self.status,
        )
        self.check()
        result = POINTER(results[0])
        count = api.TF_TensorByteSize(result) // 4
        numbers = ctypes.cast(api.TF_TensorData(result), ctypes.POINTER(ctypes.c_float))
        found = np.array(numbers[:count], "float32")
        for used in (tensor, result):
            api.TF_DeleteTensor(used)
        return found


def main():
    with open(sys.argv[1]) as file:
        request = json.load(file)
    session = Session(request["library"], request["model"])
    x = np.ascontiguousarray(np.load(request["samples"]), "float32")
    np.save(request["result"], session.run(request["feed"], x, request["fetch"]))


if __name__ == "__main__":
    main()
