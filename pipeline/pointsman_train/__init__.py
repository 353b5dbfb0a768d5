"""How a router is made: label, train, evaluate and export, from outcomes to a bundle that ``pointsman`` loads."""
