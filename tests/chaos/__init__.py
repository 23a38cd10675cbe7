"""Everything is killed in turn while a lecture is processed; afterwards nothing is lost, and nothing is there twice."""
