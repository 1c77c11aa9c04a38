"""Files: data sets by name, model files without code in them, all written whole or not at all."""

from gnnlab.data.model_file import load_model, save_model
from gnnlab.data.sources import fetch, registry
from gnnlab.data.write import write_file

__all__ = ["fetch", "load_model", "registry", "save_model", "write_file"]
