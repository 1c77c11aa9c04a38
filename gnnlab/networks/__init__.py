"""Networks of people, pages, proteins and the like: from files of connections to graphs."""

from gnnlab.networks.edge_list import EdgeList, read_edge_list

__all__ = ["EdgeList", "read_edge_list"]
