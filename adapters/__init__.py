"""One file or folder per outside thing; the only place that imports a vendor."""
