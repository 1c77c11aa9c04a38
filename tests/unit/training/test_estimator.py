from __future__ import annotations

import pytest

from gnnlab.errors import NotFittedError, UnknownNameError
from gnnlab.training import Estimator


class Wizard(Estimator):
    def __init__(self, colour="grey", power=3.0):
        self.colour, self.power = colour, power


def test_parameters():
    wizard = Wizard(power=4.0)
    assert wizard.get_params() == {"colour": "grey", "power": 4.0}
    assert wizard.set_params(colour="white") is wizard
    assert wizard.colour == "white"
    assert repr(wizard) == "Wizard(colour='white', power=4.0)"


def test_an_unknown_parameter_changes_nothing():
    wizard = Wizard()
    with pytest.raises(UnknownNameError, match="colour, power"):
        wizard.set_params(power=9.0, staff="oak")
    assert wizard.power == 3.0


def test_require_fitted():
    wizard = Wizard()
    with pytest.raises(NotFittedError, match=r"this Wizard has learned nothing yet; call fit\(\)"):
        wizard._require_fitted()
    wizard.model_ = None
    wizard._require_fitted()
    wizard._forget()
    assert vars(wizard) == wizard.get_params()
