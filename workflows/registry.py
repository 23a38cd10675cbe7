"""Every story, for the workers that tell them and the replayer that checks them."""

from workflows.generate_quiz import GenerateQuizWorkflow
from workflows.process_video import ProcessVideoWorkflow

WORKFLOWS = (ProcessVideoWorkflow, GenerateQuizWorkflow)
