"""Networks that come with networkx, so that everything can be tried without a download."""

from __future__ import annotations

from collections.abc import Callable

from gnnlab.networks.network import Network
from gnnlab.networks.reading import read_network


def load_karate_club() -> Network:
    """34 members of a karate club and who met whom outside it, before the club fell apart.

    Weights count the kinds of occasions, labels say which of the two new clubs a member joined
    (`Zachary, 1977 <https://doi.org/10.1086/jar.33.4.3629752>`_).

    Example:
        >>> network = load_karate_club()
        >>> network, network.labels[0], network.labels[33]
        (Network(34 nodes, 78 connections), 'Mr. Hi', 'Officer')
    """
    import networkx

    return read_network(networkx.karate_club_graph(), label="club").network


def load_les_miserables() -> Network:
    """77 characters of Victor Hugo's novel, connected if they meet in a chapter.

    Weights count the chapters
    (`Knuth, 1993 <https://www-cs-faculty.stanford.edu/~knuth/sgb.html>`_).

    Example:
        >>> network = load_les_miserables()
        >>> network.names[network.degree.argmax()]
        'Valjean'
    """
    import networkx

    return read_network(networkx.les_miserables_graph()).network


def load_davis_southern_women() -> Network:
    """18 women, 14 social events, and who was at which; two women or two events have no connection.

    Labels say which of the two a node is. From Davis, Gardner and Gardner, Deep South, 1941.

    Example:
        >>> network = load_davis_southern_women()
        >>> network.labels[network.node("Evelyn Jefferson")], network.labels[network.node("E1")]
        ('woman', 'event')
    """
    import networkx

    graph = networkx.davis_southern_women_graph()
    for _, attributes in graph.nodes(data=True):
        attributes["kind"] = ("woman", "event")[attributes["bipartite"]]
    return read_network(graph, label="kind").network


def load_florentine_families() -> Network:
    """15 families of Florence in the fifteenth century, connected by marriages.

    From `Padgett and Ansell, 1993 <https://doi.org/10.1086/230190>`_.

    Example:
        >>> network = load_florentine_families()
        >>> [network.names[node] for node in network.neighbors(network.node("Barbadori"))]
        ['Medici', 'Castellani']
    """
    import networkx

    return read_network(networkx.florentine_families_graph()).network


#: The networks by their names.
EMBEDDED: dict[str, Callable[[], Network]] = {
    "karate-club": load_karate_club,
    "les-miserables": load_les_miserables,
    "davis-southern-women": load_davis_southern_women,
    "florentine-families": load_florentine_families,
}
