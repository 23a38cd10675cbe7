"""Programs that print the figures which the README quotes, each with the machine it was measured on."""
