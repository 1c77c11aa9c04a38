"""Files: model files without code in them, written whole or not at all."""

from gnnlab.data.model_file import load_model, save_model
from gnnlab.data.write import write_file

__all__ = ["load_model", "save_model", "write_file"]
