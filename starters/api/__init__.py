"""The gateway: validates, finds out who asks, starts or reads, answers. `app.py` puts it together."""
