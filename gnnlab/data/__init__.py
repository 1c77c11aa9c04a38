"""Files: data sets by name, model files without code in them, all written whole or not at all."""

from gnnlab.data.model_file import load_model, save_model
from gnnlab.data.sources import fetch, registry
from gnnlab.data.text import decode_utf8
from gnnlab.data.write import make_folder, write_file

__all__ = [
    "decode_utf8",
    "fetch",
    "load_model",
    "make_folder",
    "registry",
    "save_model",
    "write_file",
]
