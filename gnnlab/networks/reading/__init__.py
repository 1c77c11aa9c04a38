"""Reading networks: files, tables, graphs and arrays, with a report on what is wrong in them."""

from gnnlab.networks.reading.read import FORMATS, read_network
from gnnlab.networks.reading.report import Reading

__all__ = ["FORMATS", "Reading", "read_network"]
