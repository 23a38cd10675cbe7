"""Quizzes without a language model: questions cut out of the lecture's own sentences."""

from adapters.language_model.extractive.generator import ExtractiveQuizGenerator

__all__ = ["ExtractiveQuizGenerator"]
