"""Every story, for the workers that tell them and the replayer that checks them."""

from workflows.delete_video import DeleteVideoWorkflow
from workflows.edit_transcript import EditTranscriptWorkflow
from workflows.generate_quiz import GenerateQuizWorkflow
from workflows.process_video import ProcessVideoWorkflow

WORKFLOWS = (ProcessVideoWorkflow, GenerateQuizWorkflow, EditTranscriptWorkflow, DeleteVideoWorkflow)
