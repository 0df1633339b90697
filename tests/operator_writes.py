"""An example of each write by which an operator says what holds for a customer."""

from tests.world import OPERATOR, WIDGETS
from tests.write import Write

OF_OPERATORS = {
    "PUT /_operator/v1/customers/{customer}/hourly-writes": Write(
        ["customer.update"],
        path={"customer": WIDGETS},
        body={"hourly_writes": 5000},
        who=OPERATOR,
    ),
    "PUT /_operator/v1/customers/{customer}/password-policy": Write(
        ["customer.update"],
        path={"customer": WIDGETS},
        body={"has_pci_passwords": True},
        who=OPERATOR,
    ),
    "PUT /_operator/v1/retentions/{customer}": Write(
        ["retention.update"], path={"customer": WIDGETS}, body={"days": 30}, who=OPERATOR
    ),
}
